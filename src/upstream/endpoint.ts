// Endpoint: one address of an upstream, with its pool of connections and what was learnt about it.
import type { Exchange } from '../exchange/exchange.ts';
import type { OutboundProtocol } from '../exchange/outbound.ts';
import type { EndpointAddress } from '../net/address.ts';
import { parseUrl } from '../util/parse-url.ts';
import type { ProtocolChoice } from './dialler.ts';
import type { Pool } from './pool.ts';

/** One address that requests can be sent to. */
export interface Endpoint {
  /** What logs call it. */
  readonly name: string;
  readonly address: EndpointAddress;
  /** The scheme of its URLs. */
  readonly scheme: 'http' | 'https';
  /** What is spoken to it; `auto` where its TLS handshake decides. */
  readonly protocol: ProtocolChoice;
  /** The authority of its own URLs: what Host says with `host: upstream`. */
  readonly authority: string;
  readonly pool: Pool;
  /** What goes before everything on a connection, and makes it one for this exchange only. */
  readonly preface?: (exchange: Exchange) => Buffer;
}

/** A backend URL as it was configured, taken apart. */
export interface EndpointUrl {
  readonly scheme: 'http' | 'https';
  /** What the address itself says of the protocol: `h2` for `h2c:`, HTTP/2 without TLS; else nothing. */
  readonly protocol: OutboundProtocol | undefined;
  readonly address: EndpointAddress;
  readonly authority: string;
  /** The path of the backend base; starts with `/`. */
  readonly path: string;
}

/**
 * Parses `http://host[:port][/path]`, `https://...`, `h2c://...`, `unix:/path/to.sock[:/path]`. Returns a sentence for what is wrong.
 */
export function parseEndpointUrl(text: string): EndpointUrl | string {
  if (text.startsWith('unix:')) return parseUnixUrl(text.slice(5));
  const scheme = /^(https?|h2c):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return `"${text}" is no backend address: write http://HOST:PORT, https://HOST, h2c://HOST:PORT or unix:/PATH`;
  // The same grammar, and the same port by default, as http.
  const httpText = scheme === 'h2c' ? `http${text.slice(3)}` : text;
  const url = parseUrl(httpText);
  if (url === undefined) return `"${text}" is not a valid URL`;
  if (url.username !== '' || url.password !== '') return `"${text}" carries credentials: remove them from the address`;
  if (url.search !== '' || url.hash !== '') return `"${text}" ends in a query or fragment: a backend base is a path`;
  const isHttps = scheme === 'https';
  const port = url.port === '' ? (isHttps ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    scheme: isHttps ? 'https' : 'http',
    protocol: scheme === 'h2c' ? 'h2' : undefined,
    address: { host, port },
    authority: url.host,
    path: url.pathname,
  };
}

function parseUnixUrl(rest: string): EndpointUrl | string {
  const mark = rest.indexOf(':');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const basePath = mark < 0 ? '/' : rest.slice(mark + 1);
  if (!path.startsWith('/')) return `"unix:${rest}" needs an absolute path`;
  if (!basePath.startsWith('/')) return `"unix:${rest}": the path behind the socket starts with /`;
  return { scheme: 'http', protocol: undefined, address: { path }, authority: 'localhost', path: basePath };
}
