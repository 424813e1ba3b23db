// mod_rewrite: rules with their conditions, run over one request.
import { ENVIRONMENT_MARK } from '../document.ts';
import { CLIENT_HOST_MARK, type Probe } from '../outcome.ts';
import { compilePcre } from '../pattern/pcre.ts';
import { type PathRegion, regionsOfPattern } from '../pattern/regions.ts';
import { findShape } from '../pattern/shape.ts';
import type { ImportReport } from '../report.ts';
import type { Directive } from './parser.ts';

/** A RewriteRule with the RewriteCond lines before it. */
export interface RewriteRule {
  readonly directive: Directive;
  readonly conditions: readonly Directive[];
  readonly pattern: string;
  readonly isNegative: boolean;
  /** Undefined if the pattern is about more than subtrees and exact paths; such a rule never applies. */
  readonly regExp: RegExp | undefined;
  readonly regions: readonly PathRegion[];
  readonly problem: string;
  readonly substitution: string;
  readonly flags: ReadonlyMap<string, string>;
}

/** What the rules made of a request. */
export type RewriteVerdict =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'redirect';
      readonly location: string;
      readonly status: number;
      readonly directives: readonly Directive[];
    }
  | { readonly kind: 'respond'; readonly status: number; readonly directives: readonly Directive[] }
  /** A whole URL to forward to. */
  | { readonly kind: 'proxy'; readonly url: string; readonly directives: readonly Directive[] }
  /** `passThrough`: goes on through ProxyPass and Alias; otherwise it is a file already. */
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly query: string | undefined;
      readonly passThrough: boolean;
      readonly directives: readonly Directive[];
    };

/** What rules are run with. */
export interface RewriteRequest {
  readonly probe: Probe;
  /** What patterns see: decoded; below a folder without its prefix. */
  readonly subject: string;
  /** The file that the request stands for so far. */
  readonly file: string;
  readonly documentRoot: string;
  readonly serverName: string;
  readonly isFileThere: boolean;
  readonly onFileTest: () => void;
  readonly report: ImportReport;
}

/** Pairs rules with the conditions before them. */
export function readRules(list: readonly Directive[]): RewriteRule[] {
  const rules: RewriteRule[] = [];
  let conditions: Directive[] = [];
  for (const directive of list) {
    if (directive.key === 'rewritecond') conditions.push(directive);
    if (directive.key !== 'rewriterule') continue;
    rules.push(readRule(directive, conditions));
    conditions = [];
  }
  return rules;
}

function readRule(directive: Directive, conditions: readonly Directive[]): RewriteRule {
  const [patternText = '', substitution = '', flagText = ''] = directive.args;
  const isNegative = patternText.startsWith('!');
  const pattern = patternText.replace(/^!/, '');
  const flags = new Map(
    flagText
      .replace(/^\[|\]$/g, '')
      .split(',')
      .filter((flag) => flag !== '')
      .map((flag) => {
        const [name = '', value = ''] = flag.trim().split('=');
        return [FLAG_NAMES[name.toLowerCase()] ?? name.toUpperCase(), value] as const;
      }),
  );
  const base = { directive, conditions, pattern, isNegative, substitution, flags };
  const compiled = compilePcre(pattern, flags.has('NC'));
  if ('problem' in compiled) return { ...base, regExp: undefined, regions: [], problem: compiled.problem };
  // Below a folder patterns have no slash in front; `.` and the like match anything anyway.
  const found = regionsOfPattern(pattern, 'path') ?? regionsOfPattern(pattern.replace(/^\^(?!\/)/, '^/'), 'path');
  if (found !== undefined || /^\.[*+]?$/.test(pattern))
    return {
      ...base,
      regExp: compiled.regExp,
      regions: found?.regions ?? [{ path: '/', kind: 'subtree' }],
      problem: '',
    };
  const problem = 'it is about more than whole subtrees and exact paths';
  return { ...base, regExp: undefined, regions: [], problem };
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  last: 'L',
  proxy: 'P',
  redirect: 'R',
  forbidden: 'F',
  gone: 'G',
  passthrough: 'PT',
  nocase: 'NC',
  qsappend: 'QSA',
  qsdiscard: 'QSD',
  noescape: 'NE',
  chain: 'C',
  skip: 'S',
  next: 'N',
  env: 'E',
  cookie: 'CO',
  handler: 'H',
  type: 'T',
  nosubreq: 'NS',
};

/** Runs rules in their order. */
export function runRules(rules: readonly RewriteRule[], request: RewriteRequest): RewriteVerdict {
  return new RewriteRun(request).run(rules);
}

class RewriteRun {
  readonly #request: RewriteRequest;
  readonly #used: Directive[] = [];
  #subject: string;
  #query: string | undefined;
  #isChanged = false;
  #passesThrough = false;

  constructor(request: RewriteRequest) {
    this.#request = request;
    this.#subject = request.subject;
    this.#query = request.probe.query;
  }

  run(rules: readonly RewriteRule[]): RewriteVerdict {
    for (let index = 0; index < rules.length; index++) {
      const rule = rules[index];
      if (rule === undefined) break;
      const verdict = this.#apply(rule);
      if (verdict === 'skip') index = skipChain(rules, index);
      else if (verdict !== 'next') {
        if (verdict !== 'last') return verdict;
        break;
      } else if (rule.flags.has('S')) index += Number(rule.flags.get('S') ?? 0) || 0;
    }
    if (!this.#isChanged) return { kind: 'unchanged' };
    const directives = this.#used;
    return { kind: 'path', path: this.#subject, query: this.#query, passThrough: this.#passesThrough, directives };
  }

  #apply(rule: RewriteRule): RewriteVerdict | 'skip' | 'next' | 'last' {
    const match = rule.regExp?.exec(this.#subject) ?? null;
    if (rule.regExp === undefined || (match === null) !== rule.isNegative) return 'skip';
    const captures = match === null ? [] : [...match];
    const conditions = this.#ask(rule, captures);
    if (conditions === undefined) return 'skip';
    this.#used.unshift(rule.directive, ...rule.conditions);
    const { flags } = rule;
    const directives = this.#used;
    if (flags.has('F')) return { kind: 'respond', status: 403, directives };
    if (flags.has('G')) return { kind: 'respond', status: 410, directives };
    if (rule.substitution === '-') return flags.has('L') || flags.has('END') ? 'last' : 'next';
    const target = this.#substitute(rule, captures, conditions);
    if (target === undefined) return { kind: 'respond', status: 501, directives };
    const isAbsolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(target);
    if (flags.has('R') || (isAbsolute && !flags.has('P'))) {
      const status = STATUS_WORDS[flags.get('R') ?? ''] ?? (Number(flags.get('R')) || 302);
      if (status < 300 || status > 399) return { kind: 'respond', status, directives };
      return { kind: 'redirect', location: target, status, directives };
    }
    if (flags.has('P')) return { kind: 'proxy', url: target, directives };
    const mark = target.indexOf('?');
    this.#subject = mark < 0 ? target : target.slice(0, mark);
    this.#query = mark < 0 ? undefined : target.slice(mark + 1);
    this.#isChanged = true;
    this.#passesThrough = flags.has('PT');
    return flags.has('L') || flags.has('END') || flags.has('PT') ? 'last' : 'next';
  }

  /** The captures of the last condition that is true; undefined if they do not hold. */
  #ask(rule: RewriteRule, captures: readonly string[]): readonly string[] | undefined {
    let lastCaptures: readonly string[] = [];
    let isGroupTrue = false;
    for (const [index, condition] of rule.conditions.entries()) {
      const flags = condition.args[2] ?? '';
      const hasOr = /\b(?:OR|ornext)\b/i.test(flags);
      const found: readonly string[] | undefined = isGroupTrue
        ? []
        : this.#askOne(rule, condition, captures, lastCaptures, /\b(?:NC|nocase)\b/i.test(flags));
      if (found !== undefined && found.length > 0) lastCaptures = found;
      isGroupTrue ||= found !== undefined;
      if (hasOr && index < rule.conditions.length - 1) continue;
      if (!isGroupTrue) return undefined;
      isGroupTrue = false;
    }
    return lastCaptures;
  }

  #askOne(
    rule: RewriteRule,
    condition: Directive,
    captures: readonly string[],
    lastCaptures: readonly string[],
    ignoreCase: boolean,
  ): readonly string[] | undefined {
    const [test = '', pattern = ''] = condition.args;
    const isNegative = pattern.startsWith('!');
    const plain = pattern.replace(/^!/, '');
    if (/^-[dfFlLsUx]$/.test(plain)) {
      this.#request.onFileTest();
      return this.#request.isFileThere !== isNegative ? [] : undefined;
    }
    const unknown: string[] = [];
    const text = this.#expand(test, captures, lastCaptures, unknown).replaceAll(
      CLIENT_HOST_MARK,
      this.#request.probe.host,
    );
    if (unknown.length > 0) return this.#sayUnknown(rule, condition, unknown, isNegative);
    const found = comparePattern(text, plain, ignoreCase);
    if (found === 'shapeless') return this.#sayUnknown(rule, condition, [`the pattern ${plain}`], isNegative);
    if (test === '%{REQUEST_METHOD}') this.#sayMethod(rule, condition);
    return (found !== undefined) !== isNegative ? (found ?? []) : undefined;
  }

  /** Not known: taken for false, and with a `!` for true, which is what holds for most requests. */
  #sayUnknown(
    rule: RewriteRule,
    condition: Directive,
    about: readonly string[],
    isNegative: boolean,
  ): readonly string[] | undefined {
    const { report } = this.#request;
    // A rule for WebSockets beside the rule for everything else says what a mount does anyway.
    if (/^%\{HTTP:(?:Upgrade|Connection)\}$/i.test(condition.args[0] ?? '')) {
      report.info(condition, 'WebSockets go through the mount by themselves, so the rule for them is left out');
      report.contribute(rule.directive);
      return undefined;
    }
    const isRefusal = rule.flags.has('F') || rule.flags.has('G');
    const kept = isNegative ? 'taken to hold always' : 'the rule is left out';
    const message = `this condition looks at ${about.join(', ')}, which our language does not; ${kept}`;
    report.say(
      isRefusal && !isNegative ? 'error' : 'warning',
      condition,
      message,
      'leave that to the backend, or say it with sites and mounts',
    );
    report.contribute(rule.directive);
    return isNegative ? [] : undefined;
  }

  #sayMethod(rule: RewriteRule, condition: Directive): void {
    this.#request.report.contribute(rule.directive);
    this.#request.report.warn(
      condition,
      'methods do not choose what is done; taken as it is for GET',
      'leave that to the backend',
    );
  }

  #substitute(rule: RewriteRule, captures: readonly string[], conditions: readonly string[]): string | undefined {
    const unknown: string[] = [];
    const text = this.#expand(rule.substitution, captures, conditions, unknown);
    if (unknown.length > 0) {
      const message = `${unknown.join(', ')} is not known here, so nothing became of it`;
      this.#request.report.error(rule.directive, message, 'write what is meant without the variable');
      return undefined;
    }
    return withQuery(text, this.#query, rule.flags);
  }

  /** `$1`, `%1`, `%{NAME}`, `%{ENV:NAME}`; a backslash takes the meaning from what follows. */
  #expand(text: string, captures: readonly string[], conditions: readonly string[], unknown: string[]): string {
    return text.replace(
      /\\([\s\S])|\$(\d)|%(\d)|%\{([^}]+)\}|\ue000\{[^}:]*:[^}]*\}/g,
      (whole, literal, group, condition, name: string | undefined) => {
        if (literal !== undefined) return String(literal);
        if (group !== undefined) return captures[Number(group)] ?? '';
        if (condition !== undefined) return conditions[Number(condition)] ?? '';
        const value = name === undefined ? undefined : this.#variable(name.toUpperCase());
        // `${map:key}` is a RewriteMap; reading the file has taken it for a variable of the environment.
        if (value === undefined) unknown.push(String(whole).replace(ENVIRONMENT_MARK, '${'));
        return value ?? '';
      },
    );
  }

  #variable(name: string): string | undefined {
    const { probe, file, documentRoot, serverName } = this.#request;
    if (name === 'HTTP_HOST') return CLIENT_HOST_MARK;
    if (name === 'SERVER_NAME') return serverName === '' ? CLIENT_HOST_MARK : serverName;
    if (name === 'SERVER_PORT') return String(probe.port);
    if (name === 'REQUEST_SCHEME') return probe.scheme;
    if (name === 'HTTPS') return probe.scheme === 'https' ? 'on' : 'off';
    if (name === 'REQUEST_METHOD') return 'GET';
    if (name === 'REQUEST_URI') return this.#subject.startsWith('/') ? this.#subject : probe.path;
    if (name === 'REQUEST_FILENAME' || name === 'SCRIPT_FILENAME') return file;
    if (name === 'DOCUMENT_ROOT') return documentRoot;
    if (name === 'QUERY_STRING') return this.#query ?? '';
    return undefined;
  }
}

const STATUS_WORDS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 303 };

/** Behind a rule of a chain that does not apply, the rest of the chain does not either. */
function skipChain(rules: readonly RewriteRule[], index: number): number {
  let at = index;
  while (rules[at]?.flags.has('C') === true) at++;
  return at;
}

/** The query stays unless the target has one of its own; QSA joins both, QSD drops the first. */
function withQuery(target: string, query: string | undefined, flags: ReadonlyMap<string, string>): string {
  const mark = target.indexOf('?');
  const kept = query === undefined || flags.has('QSD') ? undefined : query;
  if (mark < 0) return kept === undefined ? target : `${target}?${kept}`;
  const own = target.slice(mark + 1);
  const path = target.slice(0, mark);
  if (flags.has('QSA') && kept !== undefined) return `${path}?${own === '' ? kept : `${own}&${kept}`}`;
  return own === '' ? path : target;
}

/** The captures of a comparison, undefined if it fails, `shapeless` if the pattern may not be run. */
function comparePattern(
  text: string,
  pattern: string,
  ignoreCase: boolean,
): readonly string[] | undefined | 'shapeless' {
  const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value);
  if (pattern.startsWith('=')) return fold(text) === fold(pattern.slice(1).replace(/^""$/, '')) ? [text] : undefined;
  if (/^(?:<=|>=|<|>)/.test(pattern) || /^-(?:eq|ne|lt|le|gt|ge)/.test(pattern)) return 'shapeless';
  if (findShape(pattern) === undefined) return 'shapeless';
  const compiled = compilePcre(pattern, ignoreCase);
  if ('problem' in compiled) return 'shapeless';
  const match = compiled.regExp.exec(text);
  return match === null ? undefined : [...match];
}
