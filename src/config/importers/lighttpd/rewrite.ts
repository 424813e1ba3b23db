// Pattern lists of mod_rewrite and mod_redirect: which rule fits, and what its target becomes.
import { type CompiledPattern, compilePcre } from '../pattern/pcre.ts';
import { type PathRegion, regionsOfPattern } from '../pattern/regions.ts';
import { entriesOf, type Setting, textOf } from './values.ts';

/** One `"pattern" => "target"`. */
export interface Rule {
  readonly pattern: string;
  readonly target: string;
  /** Undefined where the pattern is about more than subtrees and exact paths, or is broken; such a rule never fits. */
  readonly regExp: RegExp | undefined;
  /** The paths that the pattern is about; empty where `regExp` is undefined. */
  readonly regions: readonly PathRegion[];
  /** Why there is no `regExp`. */
  readonly problem: string | undefined;
}

/** What the references in a target stand for. */
export interface Substitution {
  /** `$0` to `$19`. */
  readonly match: readonly (string | undefined)[];
  /** `%0` to `%19`: the match of the condition around the directive. */
  readonly condition: readonly (string | undefined)[];
  readonly url: {
    readonly scheme: string;
    readonly authority: string;
    readonly port: number;
    /** Encoded, without query. */
    readonly path: string;
    readonly query: string | undefined;
  };
}

const compiled = new WeakMap<Setting, readonly Rule[]>();

/** The rules of a setting, compiled once. */
export function rulesOf(setting: Setting): readonly Rule[] {
  const known = compiled.get(setting);
  if (known !== undefined) return known;
  const rules = entriesOf(setting.value).map(({ key = '', value }) => compileRule(key, textOf(value) ?? ''));
  compiled.set(setting, rules);
  return rules;
}

function compileRule(pattern: string, target: string): Rule {
  const result: CompiledPattern = compilePcre(pattern);
  if ('problem' in result) return { pattern, target, regExp: undefined, regions: [], problem: result.problem };
  const found = regionsOfPattern(pattern, 'path-and-query');
  if (found !== undefined)
    return { pattern, target, regExp: result.regExp, regions: found.regions, problem: undefined };
  const problem = 'it is about more than whole subtrees and exact paths';
  return { pattern, target, regExp: undefined, regions: [], problem };
}

/** The first rule that fits `subject` (path and query, encoded), with its match; undefined if none does. */
export function findRule(rules: readonly Rule[], subject: string): { rule: Rule; match: string[] } | undefined {
  for (const rule of rules) {
    const match = rule.regExp?.exec(subject);
    if (match !== null && match !== undefined) return { rule, match: [...match] };
  }
  return undefined;
}

const REFERENCE = /([$%])(?:\{([^}]*)\}|(\d)|(.)|$)/gs;

/** Whether a target refers to the condition around it. */
export function refersToCondition(target: string): boolean {
  return [...target.matchAll(REFERENCE)].some(([, sign, extended, digit]) => {
    if (sign !== '%') return false;
    return digit !== undefined || (extended !== undefined && /\d+$/.test(extended));
  });
}

/**
 * Fills in a target: `$n`, `%n` verbatim, `$$` and `%%` for the signs, and the extended `${...}` forms. What lighttpd does
 * not know in braces is left out, as there.
 */
export function substitute(target: string, substitution: Substitution): string {
  let result = '';
  let end = 0;
  for (const found of target.matchAll(REFERENCE)) {
    const [whole, sign = '', extended, digit, other] = found;
    result += target.slice(end, found.index);
    end = found.index + whole.length;
    const captures = sign === '$' ? substitution.match : substitution.condition;
    if (digit !== undefined) result += captures[Number(digit)] ?? '';
    else if (extended !== undefined) result += substituteExtended(extended, captures, substitution, result);
    else result += other === sign ? sign : whole;
  }
  return result + target.slice(end);
}

function substituteExtended(
  body: string,
  captures: readonly (string | undefined)[],
  { url }: Substitution,
  soFar: string,
): string {
  const mark = body.lastIndexOf(':');
  const name = body.slice(mark + 1);
  const modifiers = body.slice(0, mark + 1);
  if (name === 'qsa') return url.query === undefined ? '' : `${soFar.includes('?') ? '&' : '?'}${url.query}`;
  if (/^\d{1,2}$/.test(name)) return encodeCapture(captures[Number(name)] ?? '', modifiers);
  if (name === 'url.scheme') return url.scheme;
  if (name === 'url.authority') return url.authority;
  if (name === 'url.authority.noport') return url.authority.replace(/:\d+$/, '');
  if (name === 'url.port') return String(url.port);
  if (name === 'url.path') return url.path;
  return name === 'url.query' ? (url.query ?? '') : '';
}

/** Without a modifier, everything but slashes that needs it is encoded, what is encoded already is left alone. */
function encodeCapture(text: string, modifiers: string): string {
  if (/\bno(?:esc|escape):/.test(modifiers)) return text;
  const cased = modifiers.includes('tolower:')
    ? text.toLowerCase()
    : modifiers.includes('toupper:')
      ? text.toUpperCase()
      : text;
  if (/\besc(?:ape)?:/.test(modifiers)) return encodeURIComponent(cased.replace(/\p{Cs}/gu, '\ufffd'));
  if (modifiers.includes('encb64u:')) return Buffer.from(cased).toString('base64url');
  if (modifiers.includes('decb64u:')) return Buffer.from(cased, 'base64url').toString();
  const slash = modifiers.includes('escnde:') ? '%2F' : '/';
  return cased
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[^A-Za-z0-9\-._~%]/g, (char) => (char === '/' ? slash : encodeURIComponent(char)));
}
