// The public address out of forwarded headers (RFC 7239 and its X-Forwarded-* ancestors), for requests without a form.
import { type ForwardedElement, parseForwarded, parseForwardedNode } from '../http/headers/forwarded.ts';
import { defaultPort } from '../http/target.ts';
import { isPublicPrefix, type PublicAddress, parsePort, parsePublicAuthority } from '../vhost-path/public-address.ts';

/** One of the headers that fronts without the standard one send. */
export type ForwardedHeader = 'x-forwarded-proto' | 'x-forwarded-host' | 'x-forwarded-port' | 'x-forwarded-prefix';

/**
 * Which headers a trusted peer is believed for: the standard `Forwarded`; all four `X-Forwarded-*`; or a list of them.
 * Name only what the front overwrites: what it passes through from clients, clients decide.
 */
export type ForwardedHeaders = 'none' | 'forwarded' | 'x-forwarded' | readonly ForwardedHeader[];

/** All headers of the older kind that say something of the address. */
export const X_FORWARDED: readonly ForwardedHeader[] = [
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
];

type ReadHeader = (name: string) => string | undefined;

/**
 * What `headers` say of the public address on top of `own`; `own` itself where they say nothing; undefined where they
 * cannot be understood. `isTrustedNode` tells whether a hop behind the peer is believed as well.
 */
export function readForwardedAddress(
  headers: ForwardedHeaders,
  header: ReadHeader,
  own: PublicAddress,
  isTrustedNode: (address: string) => boolean,
): PublicAddress | undefined {
  if (headers === 'none') return own;
  if (headers === 'forwarded') return readStandard(header, own, isTrustedNode);
  return readOlder(headers === 'x-forwarded' ? X_FORWARDED : headers, header, own);
}

/**
 * RFC 7239 §4: every proxy appends an element, so the last one is the peer's own word. As long as it names a trusted
 * proxy as its client, the element before is trusted too; the farthest of them met the public address.
 */
function readStandard(
  header: ReadHeader,
  own: PublicAddress,
  isTrustedNode: (address: string) => boolean,
): PublicAddress | undefined {
  const value = header('forwarded');
  if (value === undefined) return own;
  const elements = parseForwarded(value);
  if (elements === undefined) return undefined;
  let said: ForwardedElement = {};
  for (const element of elements.reverse()) {
    said = { host: element.host ?? said.host, proto: element.proto ?? said.proto };
    const node = element.for === undefined ? undefined : parseForwardedNode(element.for);
    if (node === undefined || !node.isAddress || !isTrustedNode(node.name)) break;
  }
  return combine(own, { proto: said.proto, host: said.host, port: undefined, prefix: undefined });
}

/**
 * Of several values the last counts: it is the one that the trusted peer wrote itself. Where a proxy appends to what
 * came in (Apache does), the first is whatever the client liked.
 */
function readOlder(
  names: readonly ForwardedHeader[],
  header: ReadHeader,
  own: PublicAddress,
): PublicAddress | undefined {
  const last = (name: ForwardedHeader) => {
    const value = names.includes(name) ? header(name) : undefined;
    return value?.split(',').at(-1)?.trim();
  };
  return combine(own, {
    proto: last('x-forwarded-proto'),
    host: last('x-forwarded-host'),
    port: last('x-forwarded-port'),
    prefix: last('x-forwarded-prefix'),
  });
}

interface Said {
  readonly proto: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly prefix: string | undefined;
}

function combine(own: PublicAddress, said: Said): PublicAddress | undefined {
  const scheme = said.proto === undefined ? own.scheme : schemeOf(said.proto);
  const authority = said.host === undefined ? undefined : parsePublicAuthority(said.host);
  const port = said.port === undefined ? undefined : parsePort(said.port);
  const prefix = said.prefix?.replace(/\/$/, '') ?? own.prefix;
  const isUnderstood =
    scheme !== undefined &&
    (said.host === undefined || authority !== undefined) &&
    (said.port === undefined || port !== undefined) &&
    isPublicPrefix(prefix);
  if (!isUnderstood) return undefined;
  // A port in the host is the public one; a separate port header fills in where there is none.
  const ownPort = own.port === defaultPort(own.scheme) ? undefined : own.port;
  const publicPort = authority === undefined ? (port ?? ownPort) : (authority.port ?? port);
  return { scheme, host: authority?.host ?? own.host, port: publicPort ?? defaultPort(scheme), prefix };
}

/** Some fronts name the scheme of the socket for WebSockets. */
function schemeOf(text: string): 'http' | 'https' | undefined {
  const scheme = text.toLowerCase();
  if (scheme === 'https' || scheme === 'wss') return 'https';
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined;
}
