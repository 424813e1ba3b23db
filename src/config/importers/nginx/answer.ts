// What nginx does with one request: the rewrite phases and locations in turn, then who may ask, then who answers.
import type { Outcome, Probe } from '../outcome.ts';
import { answerFromDisk } from './directives/files.ts';
import { findProxy } from './directives/proxy.ts';
import { collectAnswerTraits, collectTraits } from './directives/traits.ts';
import { allLocations, findLocation, findRedirect, type Location } from './locations.ts';
import type { Directive } from './parser.ts';
import { type RequestState, type RewriteContext, type RewriteResult, runRewrites } from './rewrite-phase.ts';
import type { Scope } from './scopes.ts';
import { firstState, type NginxServer, type Turn } from './server.ts';

/** nginx gives up after that many internal redirects. */
const ROUND_LIMIT = 10;

/** The outcome of a request that has come to this server block. */
export function answer(server: NginxServer, probe: Probe): Outcome {
  let hasFileTest = false;
  const onFileTest = () => {
    hasFileTest = true;
  };
  const ask = (isFileThere: boolean) =>
    new Exchange(server, { report: server.http.report, isFileThere, onFileTest }).start(firstState(server, probe));
  const outcome = ask(true);
  if (!hasFileTest || outcome.serve.kind !== 'files') return outcome;
  const missing = ask(false);
  if (missing.serve.kind === 'files' && missing.serve.file === outcome.serve.file) return outcome;
  return {
    ...outcome,
    serve: { ...outcome.serve, missing: missing.serve },
    directives: [...missing.directives, ...outcome.directives],
  };
}

class Exchange {
  readonly #server: NginxServer;
  readonly #context: RewriteContext;
  readonly #isInner: boolean;
  #rounds = 0;

  constructor(server: NginxServer, context: RewriteContext, isInner = false) {
    this.#server = server;
    this.#context = context;
    this.#isInner = isInner;
  }

  start(state: RequestState): Outcome {
    const result = runRewrites(this.#server.scope, state, this.#context);
    if (result.kind !== 'redirect' && result.kind !== 'respond') return this.#locate(result.state);
    return this.#finish(result, this.#server.scope, undefined);
  }

  #locate(state: RequestState): Outcome {
    if (++this.#rounds > ROUND_LIMIT) return this.#goInCircles(state);
    const bare = findRedirect(this.#server.locations, state.uri);
    if (bare !== undefined) {
      const location = `${bare.text}${state.args === undefined ? '' : `?${state.args}`}`;
      return { serve: { kind: 'redirect', status: 301, location }, traits: {}, directives: [bare.directive] };
    }
    const found = findLocation(this.#server.locations, state.uri);
    if (found === undefined) return this.#answerIn(this.#server.scope, undefined, state);
    const { location, captures } = found;
    const named = location.regExp?.exec(state.uri)?.groups ?? {};
    return this.#enter(location, captures === undefined ? state : { ...state, captures, named: { ...named } });
  }

  #enter(location: Location, state: RequestState): Outcome {
    const result = runRewrites(location.scope, state, this.#context);
    if (result.kind === 'redirect' || result.kind === 'respond') return this.#finish(result, location.scope, location);
    if (result.kind === 'again') return this.#locate(result.state);
    return this.#answerIn(result.scope, location, result.state);
  }

  #answerIn(scope: Scope, location: Location | undefined, state: RequestState): Outcome {
    const redirect = (name: string) => new Exchange(this.#server, this.#context, true).#redirect(name, state);
    const turn: Turn = { server: this.#server, scope, location, state, isInner: this.#isInner, redirect };
    const [internal] = scope.own('internal');
    if (internal !== undefined && !this.#isInner) return this.#hide(internal, location);
    const { traits, directives } = this.#isInner ? { traits: {}, directives: [] } : collectTraits(turn);
    const found = findProxy(turn) ?? answerFromDisk(turn);
    const index = location?.kind === 'exact' ? this.#followIndex(found, state) : undefined;
    if (index !== undefined) return index;
    const inner = location === undefined ? [] : [location.directive];
    const responseHeaders = mergeEdits(traits.responseHeaders, found.traits.responseHeaders);
    return {
      serve: found.serve,
      traits: { ...traits, ...found.traits, ...(responseHeaders && { responseHeaders }) },
      directives: [...found.directives, ...state.directives, ...inner, ...directives],
    };
  }

  /**
   * The index file of a folder is an internal redirect to its path, which another location than that of exactly the folder
   * takes. Undefined where it is the file of that folder.
   */
  #followIndex({ serve }: Pick<Outcome, 'serve'>, state: RequestState): Outcome | undefined {
    const [name] = serve.kind === 'files' && state.uri.endsWith('/') ? serve.index : [];
    if (serve.kind !== 'files' || name === undefined) return undefined;
    const outcome = this.#locate({ ...state, uri: state.uri + name, isRewritten: true });
    return outcome.serve.kind === 'files' && outcome.serve.file === serve.file + name ? undefined : outcome;
  }

  /** What is only for internal redirects is not there for clients. */
  #hide(internal: Directive, location: Location | undefined): Outcome {
    const serve = { kind: 'respond', status: 404, body: undefined, type: undefined } as const;
    return { serve, traits: {}, directives: location === undefined ? [internal] : [internal, location.directive] };
  }

  /** An internal redirect, to a path or to a named location. */
  #redirect(name: string, state: RequestState): Outcome {
    if (++this.#rounds > ROUND_LIMIT) return this.#goInCircles(state);
    if (name.startsWith('@')) {
      const location = allLocations(this.#server.locations).find(({ kind, text }) => kind === 'named' && text === name);
      return location === undefined
        ? { serve: { kind: 'unsupported' }, traits: {}, directives: [] }
        : this.#enter(location, state);
    }
    const mark = name.indexOf('?');
    const uri = mark < 0 ? name : name.slice(0, mark);
    if (!uri.startsWith('/')) return { serve: { kind: 'unsupported' }, traits: {}, directives: [] };
    return this.#locate({ ...state, uri, args: mark < 0 ? state.args : name.slice(mark + 1), isRewritten: true });
  }

  /** An answer of the rewrite phase: before passwords, limits and files, but not before added headers. */
  #finish(
    result: Extract<RewriteResult, { kind: 'redirect' | 'respond' }>,
    scope: Scope,
    location: Location | undefined,
  ): Outcome {
    const added = this.#isInner ? { traits: {}, directives: [] } : collectAnswerTraits(scope, this.#server);
    const inner = location === undefined ? [] : [location.directive];
    const directives = [...result.directives, ...inner, ...added.directives];
    const { traits } = added;
    if (result.kind === 'redirect') {
      const { status, location: target } = result;
      return { serve: { kind: 'redirect', status, location: target }, traits, directives };
    }
    // 444 closes the connection without an answer; the nearest that HTTP has is a refusal.
    const status = result.status === 444 ? 403 : result.status;
    return { serve: { kind: 'respond', status, body: result.body, type: undefined }, traits, directives };
  }

  #goInCircles(state: RequestState): Outcome {
    const [directive = this.#server.directive] = state.directives;
    this.#context.report.error(
      directive,
      `goes in circles: nginx gives up after ${ROUND_LIMIT} rounds with 500`,
      'find out what was meant',
    );
    return { serve: { kind: 'unsupported' }, traits: {}, directives: [directive] };
  }
}

function mergeEdits(a: Outcome['traits']['responseHeaders'], b: Outcome['traits']['responseHeaders']) {
  return a === undefined || b === undefined ? (a ?? b) : { ...a, ...b };
}
