// What would happen to a request: site, mount, what goes upstream, and the line of configuration behind each; sends nothing.
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { type Body, emptyBody } from '../exchange/body.ts';
import { compose } from '../exchange/compose.ts';
import { ProxyError, toProxyError } from '../exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { PreviewedRequest } from '../exchange/feature.ts';
import type { RequestHead } from '../exchange/head.ts';
import type { Route, SourcePosition } from '../exchange/route.ts';
import { HeaderList } from '../http/header-list.ts';
import { defaultPort, parseAuthority, parseTarget } from '../http/target.ts';
import { readClientFacts } from './client-facts.ts';
import type { Generation } from './generation.ts';

/** A request to explain. */
export interface ExplainQuestion {
  /** Absolute URL as a client would ask for it. */
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The answer, as data; the command line prints it. */
export interface Explanation {
  readonly url: string;
  readonly outcome: 'served' | 'redirected' | 'refused' | 'no-site' | 'no-mount';
  /** One sentence. */
  readonly summary: string;
  readonly site: { readonly key: string; readonly source: SourcePosition | undefined } | undefined;
  readonly mount: { readonly path: string; readonly source: SourcePosition | undefined } | undefined;
  /** What the mount's features do, in order: one sentence each. */
  readonly steps: readonly {
    readonly feature: string;
    readonly says: string;
    readonly source: SourcePosition | undefined;
  }[];
  /** What an endpoint would be sent, if the mount proxies. */
  readonly upstream:
    | {
        readonly endpoint: string;
        readonly requestLine: string;
        readonly headers: readonly (readonly [string, string])[];
      }
    | undefined;
}

const FORGED = 'The path is a public address, which clients may not send (vhost: clients): the client gets 403.';

/** Explains what `generation`, built from `config`, would do with a request from this machine. */
export async function explainRequest(
  generation: Generation,
  config: ResolvedConfig,
  question: ExplainQuestion,
): Promise<Explanation> {
  const parsed = toRequest(question, generation);
  if (typeof parsed === 'string') return nothing(question, 'refused', parsed);
  const { request, connection } = parsed;
  const host = request.authority?.host ?? '';
  const match = generation.find(request, host, request.authority?.port ?? connection.localPort);
  if (match.kind === 'no-site') return nothing(question, 'no-site', `No site is called ${host}: the client gets 404.`);
  if (match.kind === 'refused') {
    return nothing(question, 'refused', FORGED);
  }
  if (match.kind === 'no-mount') {
    return {
      ...nothing(question, 'no-mount', `${match.site} has nothing at this path: the client gets 404.`),
      site: siteOf(config, match.site),
    };
  }
  const { route } = match;
  const found = {
    site: siteOf(config, route.mount.site),
    mount: { path: route.mount.path, source: route.mount.source },
  };
  if (match.kind === 'add-slash') {
    return {
      ...nothing(question, 'redirected', `The client is redirected (308) to the same path with a slash.`),
      ...found,
    };
  }
  const exchange = new Exchange(
    connection,
    readClientFacts(connection, request, generation.trust),
    request,
    emptyBody,
    route,
  );
  return { ...(await previewRoute(generation, route, exchange, question)), ...found };
}

/** Runs the chain with a preview in the place of the serving handler. */
async function previewRoute(
  generation: Generation,
  route: Route,
  exchange: Exchange,
  question: ExplainQuestion,
): Promise<Explanation> {
  const details = generation.detailsOf(route);
  const steps = details.instances.flatMap(({ feature, instance, source }) =>
    (instance.explain?.() ?? []).map((says) => ({ feature, says, source })),
  );
  let previewed: PreviewedRequest | undefined;
  const stop = new ProxyError('internal_error', 'preview');
  const chain = compose([
    ...details.wraps,
    () => {
      previewed = details.serving.preview?.(exchange);
      throw stop;
    },
  ]);
  try {
    const reply = await chain(exchange, () => {
      throw stop;
    });
    reply.body.cancel(stop);
    return {
      ...nothing(question, 'refused', `A feature answers ${reply.head.status} before the mount is asked.`),
      steps,
    };
  } catch (error) {
    if (error !== stop) {
      const { code, status, meaning } = toProxyError(error);
      return { ...nothing(question, 'refused', `The client gets ${status}: ${meaning} (${code})`), steps };
    }
  }
  const summary = steps.at(-1)?.says ?? 'The mount answers by itself.';
  return { ...nothing(question, 'served', summary), steps, upstream: previewed && printPreview(previewed) };
}

function printPreview({ endpoint, version, request }: PreviewedRequest): NonNullable<Explanation['upstream']> {
  return { endpoint, requestLine: `${request.method} ${request.target} ${version}`, headers: [...request.headers] };
}

/** A question as a request from this machine; a sentence for what is none. */
export function toRequest(
  question: ExplainQuestion,
  generation: Generation,
): { request: RequestHead; connection: ConnectionFacts; body: Body } | string {
  const match = /^(https?):\/\/([^/?#]*)([^#]*)/i.exec(question.url);
  if (match === null) return `"${question.url}" is no absolute URL: write http://HOST/PATH.`;
  const [, schemeText = '', authorityText = '', rest = ''] = match;
  const scheme = schemeText.toLowerCase() === 'https' ? 'https' : 'http';
  const authority = parseAuthority(authorityText);
  if (authority === undefined) return `"${authorityText}" is no host.`;
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  const target = parseTarget(question.method, path, generation.compat);
  if (typeof target === 'string' && generation.refusesPath(path)) return FORGED;
  if (target === 'unmapped') return 'The path is answered with 404: the server that compat names does not decode it.';
  if (target === 'malformed')
    return 'The path is refused with 400: it has characters or dot segments that no client sends.';
  const headers = HeaderList.from([['Host', authority.text], ...question.headers]);
  const request: RequestHead = {
    method: question.method,
    target,
    authority,
    upgrade: headers.get('upgrade')?.toLowerCase(),
    expectsContinue: false,
    version: 'HTTP/1.1',
    headers,
  };
  return { request, connection: localConnection(scheme, authority.port), body: emptyBody };
}

function localConnection(scheme: 'http' | 'https', port: number | undefined): ConnectionFacts {
  return {
    address: '127.0.0.1',
    port: 0,
    localAddress: '127.0.0.1',
    localPort: port ?? defaultPort(scheme),
    protocol: 'http/1.1',
    isSecure: scheme === 'https',
    tls: undefined,
  };
}

function siteOf(config: ResolvedConfig, key: string): Explanation['site'] {
  return { key, source: config.sites.find((site) => site.key === key)?.source };
}

function nothing(question: ExplainQuestion, outcome: Explanation['outcome'], summary: string): Explanation {
  return { url: question.url, outcome, summary, site: undefined, mount: undefined, steps: [], upstream: undefined };
}
