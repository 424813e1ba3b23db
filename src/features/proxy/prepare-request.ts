// What a backend is sent: the client's headers without those of its connection, with the proxy's own added.
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { CompatServer } from '../../http/compat-target.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../http/header-list.ts';
import { printForwarded, printForwardedNode } from '../../http/headers/forwarded.ts';
import { appendVia, hasOwnVia } from '../../http/headers/via.ts';
import { connectionOptions, copyEndToEnd } from '../../http/hop-by-hop.ts';
import { defaultPort } from '../../http/target.ts';
import { splitList } from '../../http/token.ts';
import { appendForwardedAs, isSetAnewBy } from './compat-headers.ts';

/** What of a mount the preparation depends on. */
export interface PreparePolicy {
  /** The public path of the mount without its final slash: X-Forwarded-Prefix. Empty for the root. */
  readonly prefix: string;
  readonly allowedUpgrades: ReadonlySet<string>;
  /** The server whose forwarding headers are sent, and the name that it calls itself by; undefined for our own. */
  readonly compat: { readonly server: CompatServer; readonly serverName: string } | undefined;
}

/** Said by proxies about clients; set anew here, because a client that says it about itself may lie. */
const FORWARDED_NAMES: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-scheme',
  'x-forwarded-by',
  'x-original-host',
  'x-real-ip',
  // CGI programs find it in HTTP_PROXY and believe it (CVE-2016-5385).
  'proxy',
  // RFC 9440 §2.4: what a client says about its own certificate must not reach a backend.
  'client-cert',
  'client-cert-chain',
  'via',
  'host',
]);

/**
 * The headers to send for `headers`, which are the received ones or what features made of them.
 * `host` is the value of Host; it stands first, as RFC 9110 §7.2 recommends. Throws `loop_detected`.
 */
export function prepareHeaders(
  exchange: Exchange,
  headers: ReadonlyHeaderList,
  host: string,
  policy: PreparePolicy,
): HeaderList {
  // RFC 9110 §7.6.3: a request that carries our own mark has been here before.
  if (hasOwnVia(headers)) throw new ProxyError('loop_detected', exchange.request.target.text);
  const prepared = new HeaderList();
  prepared.append('Host', host);
  const { compat } = policy;
  // lighttpd sends on what Connection names, against RFC 9110 §7.6.1.
  const options = compat?.server === 'lighttpd' ? [] : connectionOptions(headers);
  copyEndToEnd(headers, prepared, compat === undefined ? isSetAnew : isSetAnewBy(compat.server), options);
  // RFC 9110 §10.1.1: an expectation is forwarded only while somebody waits for it.
  if (!exchange.request.expectsContinue && prepared.has('expect')) prepared.delete('expect');
  if (prepared.has('max-forwards')) prepared.mapValues('max-forwards', decrement);
  if (acceptsTrailerFields(headers) && compat?.server !== 'apache') prepared.append('TE', 'trailers');
  const { upgrade } = exchange.request;
  if (upgrade !== undefined && policy.allowedUpgrades.has(upgrade)) prepared.append('Upgrade', upgrade);
  if (compat === undefined) appendForwarded(prepared, exchange, headers, policy.prefix);
  else appendForwardedAs(compat.server, prepared, exchange, headers, compat.serverName);
  appendClientCertificate(prepared, exchange, headers);
  if (compat === undefined) prepared.append('Via', appendVia(headers, viaVersion(exchange)));
  return prepared;
}

function isSetAnew(lowerName: string): boolean {
  return FORWARDED_NAMES.has(lowerName);
}

/** X-Forwarded-* and Forwarded (RFC 7239). What a trusted proxy in front said is kept and added to. */
function appendForwarded(prepared: HeaderList, exchange: Exchange, received: ReadonlyHeaderList, prefix: string): void {
  const { client, connection } = exchange;
  const { scheme, authority, isForwarded } = client;
  const before = isForwarded ? received.getJoined('x-forwarded-for') : undefined;
  if (connection.address !== '') {
    prepared.append('X-Forwarded-For', before === undefined ? connection.address : `${before}, ${connection.address}`);
  } else if (before !== undefined) prepared.append('X-Forwarded-For', before);
  if (authority !== undefined) prepared.append('X-Forwarded-Host', authority.text);
  prepared.append('X-Forwarded-Proto', scheme);
  prepared.append('X-Forwarded-Port', String(authority?.port ?? defaultPort(scheme)));
  if (client.prefix + prefix !== '') prepared.append('X-Forwarded-Prefix', client.prefix + prefix);
  prepared.append('Forwarded', forwardedValue(exchange, isForwarded ? received.getJoined('forwarded') : undefined));
}

/**
 * RFC 9440 §2: byte sequences of RFC 8941 with the DER in them; the chain without the certificate of the client. What a
 * trusted proxy in front says of its client is kept where the connection itself has no certificate.
 */
function appendClientCertificate(prepared: HeaderList, { connection, client }: Exchange, received: ReadonlyHeaderList) {
  if (connection.tls?.isClientVerified === true) {
    const [leaf, ...chain] = connection.tls.clientCertificates.map((der) => `:${der.toString('base64')}:`);
    if (leaf !== undefined) prepared.append('Client-Cert', leaf);
    if (chain.length > 0) prepared.append('Client-Cert-Chain', chain.join(', '));
  } else if (client.isForwarded) {
    for (const value of received.getAll('client-cert')) prepared.append('Client-Cert', value);
    for (const value of received.getAll('client-cert-chain')) prepared.append('Client-Cert-Chain', value);
  }
}

function forwardedValue(exchange: Exchange, before: string | undefined): string {
  const { client, connection } = exchange;
  const own = printForwarded([
    {
      for: connection.address === '' ? 'unknown' : printForwardedNode(connection.address),
      host: client.authority?.text,
      proto: client.scheme,
    },
  ]);
  return before === undefined ? own : `${before}, ${own}`;
}

/** RFC 9110 §10.1.4: TE belongs to this hop; `trailers` is what we can promise on, other codings are not. */
function acceptsTrailerFields(headers: ReadonlyHeaderList): boolean {
  const te = headers.getJoined('te');
  return te !== undefined && splitList(te.toLowerCase()).includes('trailers');
}

/** RFC 9110 §7.6.2; a value of 0 never gets here. */
function decrement(value: string): string | undefined {
  return /^[0-9]{1,9}$/.test(value) ? String(Number(value) - 1) : undefined;
}

function viaVersion(exchange: Exchange): '1.0' | '1.1' | '2.0' {
  const { version } = exchange.request;
  return version === 'HTTP/1.0' ? '1.0' : version === 'HTTP/1.1' ? '1.1' : '2.0';
}
