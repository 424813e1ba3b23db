// A server block with what its answers depend on, and the request that passes through it.

import type { Outcome, Probe } from '../outcome.ts';
import { decodePath } from '../percent.ts';
import type { ImportReport } from '../report.ts';
import type { Location } from './locations.ts';
import type { Directive } from './parser.ts';
import type { RequestState } from './rewrite-phase.ts';
import type { Scope } from './scopes.ts';
import type { VariableMap } from './variables.ts';

/** A server block ready to be asked. */
export interface NginxServer {
  readonly scope: Scope;
  readonly directive: Directive;
  readonly locations: readonly Location[];
  /** As written. */
  readonly names: readonly string[];
  readonly http: NginxHttp;
}

/** What all servers share. */
export interface NginxHttp {
  readonly scope: Scope;
  /** `upstream` blocks by name. */
  readonly upstreams: ReadonlyMap<string, Directive>;
  readonly maps: ReadonlyMap<string, VariableMap>;
  readonly report: ImportReport;
  readonly compat: boolean;
  /** The folder of the main file. */
  readonly baseDir: string;
}

/** A request that has found the block that answers it. */
export interface Turn {
  readonly server: NginxServer;
  /** The location's scope, or that of an `if` in it, or of the server itself. */
  readonly scope: Scope;
  readonly location: Location | undefined;
  readonly state: RequestState;
  /** Whether this answers for something else: what an error page or a fallback leads to is not looked at again. */
  readonly isInner: boolean;
  /** Answers another path of the same server, as an internal redirect does; `name` is a path or `@name`. */
  readonly redirect: (name: string) => Outcome;
}

/** The state of a request before anything happened to it. */
export function firstState(server: NginxServer, probe: Probe): RequestState {
  return {
    probe,
    uri: decodePath(probe.path),
    args: probe.query,
    captures: [],
    named: {},
    assigned: new Map(),
    serverName: server.names[0] ?? '',
    documentRoot: server.scope.word('root') ?? '/usr/share/nginx/html',
    maps: server.http.maps,
    isRewritten: false,
    isBroken: false,
    directives: [],
  };
}

/** The directive of one of `names` in the location itself: handlers are not inherited, but an `if` takes its location's. */
export function findHandler(scope: Scope, names: readonly string[]): Directive | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    for (const name of names) {
      const [own] = at.own(name);
      if (own !== undefined) return own;
    }
    if (at.directive?.name !== 'if' && at.directive?.name !== 'limit_except') return undefined;
  }
  return undefined;
}
