// The rewrite phase of a block: set, if, rewrite, return and break, in the order of the file.
import { compilePcre } from '../pattern/pcre.ts';
import { type PathRegion, regionsOfPattern } from '../pattern/regions.ts';
import type { ImportReport } from '../report.ts';
import { askCondition } from './conditions.ts';
import { type Directive, wordsOf } from './parser.ts';
import { openScope, type Scope } from './scopes.ts';
import { expandVariables, type VariableState } from './variables.ts';

/** The request while it is rewritten. */
export interface RequestState extends VariableState {
  /** Whether `uri` is no longer what the client asked for. */
  readonly isRewritten: boolean;
  /** Rewritten with the flag `break`, so that the location's prefix is no longer what `uri` starts with. */
  readonly isBroken: boolean;
  /** What the rewriting came from. */
  readonly directives: readonly Directive[];
}

/** What the phase came to. */
export type RewriteResult =
  /** Nothing changed, or `break` was said: go on in this block. */
  | { readonly kind: 'go-on'; readonly state: RequestState; readonly scope: Scope }
  /** The path changed: look for a location again. */
  | { readonly kind: 'again'; readonly state: RequestState }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly location: string;
      readonly directives: readonly Directive[];
    }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly body: string | undefined;
      readonly directives: readonly Directive[];
    };

/** What the phase needs besides the request. */
export interface RewriteContext {
  readonly report: ImportReport;
  /** Whether files are there: file tests are asked both ways. Told when one was met. */
  readonly isFileThere: boolean;
  readonly onFileTest: () => void;
}

/** Runs the rewrite directives of a block itself; those around it have run before. */
export function runRewrites(scope: Scope, state: RequestState, context: RewriteContext): RewriteResult {
  return new RewritePhase(scope, state, context).run();
}

class RewritePhase {
  readonly #context: RewriteContext;
  #scope: Scope;
  #state: RequestState;
  #mustSearch = false;

  constructor(scope: Scope, state: RequestState, context: RewriteContext) {
    this.#scope = scope;
    this.#state = state;
    this.#context = context;
  }

  run(): RewriteResult {
    const result = this.#runBlock(this.#scope);
    if (result !== 'end' && result !== 'break') return result;
    if (this.#mustSearch && result === 'end') return { kind: 'again', state: this.#state };
    return { kind: 'go-on', state: this.#state, scope: this.#scope };
  }

  #runBlock(scope: Scope): RewriteResult | 'end' | 'break' {
    for (const directive of scope.list) {
      const result = this.#runDirective(directive, scope);
      if (result !== undefined) return result;
    }
    return 'end';
  }

  #runDirective(directive: Directive, scope: Scope): RewriteResult | 'break' | undefined {
    if (directive.name === 'break') {
      this.#context.report.contribute(directive);
      return 'break';
    }
    if (directive.name === 'set') return this.#set(directive);
    if (directive.name === 'return') return this.#return(directive);
    if (directive.name === 'rewrite') return this.#rewrite(directive);
    if (directive.name !== 'if') return undefined;
    if (!this.#isTrue(directive)) return undefined;
    const inner = openScope(directive, scope);
    this.#note(directive);
    // From here on the settings of the if block are in force.
    this.#scope = inner;
    const result = this.#runBlock(inner);
    return result === 'end' ? undefined : result;
  }

  #set(directive: Directive): undefined {
    const [name = '', value = ''] = wordsOf(directive);
    const { text, unknown } = expandVariables(value, this.#state);
    this.#context.report.contribute(directive);
    // An unknown value stays unknown: a variable that is never assigned has none.
    if (unknown.length > 0) return undefined;
    const assigned = new Map(this.#state.assigned).set(name.replace(/^\$/, ''), text);
    this.#state = { ...this.#state, assigned };
    return undefined;
  }

  #return(directive: Directive): RewriteResult {
    const [first = '', second] = wordsOf(directive);
    const status = /^\d{3}$/.test(first) ? Number(first) : 302;
    const text = status === 302 && !/^\d{3}$/.test(first) ? first : second;
    const directives = [directive, ...this.#state.directives];
    const expanded = text === undefined ? undefined : expandVariables(text, this.#state);
    if (expanded !== undefined && expanded.unknown.length > 0) return this.#refuseUnknown(directive, expanded.unknown);
    if ([301, 302, 303, 307, 308].includes(status) && expanded !== undefined)
      return { kind: 'redirect', status, location: expanded.text, directives };
    return { kind: 'respond', status, body: expanded?.text, directives };
  }

  #rewrite(directive: Directive): RewriteResult | 'break' | undefined {
    const [pattern = '', replacement = '', flag] = wordsOf(directive);
    const rule = compileRewrite(pattern);
    if (rule.regExp === undefined) {
      const message = `the pattern ${pattern} cannot be said: ${rule.problem}`;
      this.#context.report.error(
        directive,
        message,
        'let the backend do that, or write mounts for the paths in question',
      );
      return undefined;
    }
    const match = rule.regExp.exec(this.#state.uri);
    if (match === null) return undefined;
    const state = { ...this.#state, captures: [...match], named: { ...match.groups } };
    const { text, unknown } = expandVariables(replacement.replace(/\?$/, ''), state);
    if (unknown.length > 0) return this.#refuseUnknown(directive, unknown);
    const withArgs = replacement.endsWith('?') ? text : appendArgs(text, state.args);
    if (/^(?:https?:\/\/|\$scheme)/.test(replacement) || flag === 'redirect' || flag === 'permanent') {
      const directives = [directive, ...state.directives];
      return { kind: 'redirect', status: flag === 'permanent' ? 301 : 302, location: withArgs, directives };
    }
    const mark = withArgs.indexOf('?');
    const uri = mark < 0 ? withArgs : withArgs.slice(0, mark);
    const args = mark < 0 ? undefined : withArgs.slice(mark + 1);
    this.#state = { ...state, uri, args, isRewritten: true, isBroken: state.isBroken || flag === 'break' };
    this.#note(directive);
    this.#mustSearch = true;
    if (flag === 'last') return { kind: 'again', state: this.#state };
    return flag === 'break' ? 'break' : undefined;
  }

  #isTrue(directive: Directive): boolean {
    const verdict = askCondition(directive, this.#state);
    if (verdict.kind === 'known') {
      if (verdict.isTrue && verdict.captures !== undefined)
        this.#state = { ...this.#state, captures: verdict.captures };
      return verdict.isTrue;
    }
    if (verdict.kind === 'file') {
      this.#context.onFileTest();
      return verdict.isTrueIfThere === this.#context.isFileThere;
    }
    const isProtective = (directive.block ?? []).some(isRefusal);
    const advice = 'leave that to the backend, or say it with sites and mounts';
    const kept = verdict.isTrue ? 'taken as it is for GET' : 'the block is left out';
    const message = `this condition looks at ${verdict.about}, which our language does not; ${kept}`;
    if (!verdict.isTrue) this.#context.report.contribute(...(directive.block ?? []));
    const isMethod = verdict.about === '$request_method';
    this.#context.report.say(
      isProtective && !verdict.isTrue && !isMethod ? 'error' : 'warning',
      directive,
      message,
      advice,
    );
    return verdict.isTrue;
  }

  #note(directive: Directive): void {
    this.#state = { ...this.#state, directives: [directive, ...this.#state.directives] };
  }

  /** What would come of it without the variable is nothing that anybody wants. */
  #refuseUnknown(directive: Directive, unknown: readonly string[]): RewriteResult {
    const message = `${unknown.join(', ')} is not known here, so nothing became of it`;
    this.#context.report.error(directive, message, 'write what is meant without the variable');
    return { kind: 'respond', status: 501, body: undefined, directives: [directive, ...this.#state.directives] };
  }
}

/** Whether a directive keeps people out. */
function isRefusal(directive: Directive): boolean {
  const [first = ''] = wordsOf(directive);
  return (
    (directive.name === 'return' && /^4/.test(first)) || directive.name === 'deny' || directive.name === 'auth_basic'
  );
}

function appendArgs(text: string, args: string | undefined): string {
  if (args === undefined || args === '') return text;
  return `${text}${text.includes('?') ? '&' : '?'}${args}`;
}

/** A pattern of `rewrite`, if it is about subtrees and exact paths. */
export function compileRewrite(pattern: string): {
  regExp: RegExp | undefined;
  regions: readonly PathRegion[];
  problem: string;
} {
  const compiled = compilePcre(pattern);
  if ('problem' in compiled) return { regExp: undefined, regions: [], problem: compiled.problem };
  const found = regionsOfPattern(pattern, 'path');
  if (found !== undefined) return { regExp: compiled.regExp, regions: found.regions, problem: '' };
  return { regExp: undefined, regions: [], problem: 'it is about more than whole subtrees and exact paths' };
}
