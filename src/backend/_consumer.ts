// The consumer: decides for each request what its public address is, or refuses it. Knows no framework.

import { defaultPort, parseAuthority } from '../http/target.ts';
import { CidrList } from '../util/cidr.ts';
import { systemClock } from '../util/clock.ts';
import { decodeVhostTarget } from '../vhost-path/decode.ts';
import { isVhostPath, type VhostFormOptions, vhostForm } from '../vhost-path/dialects.ts';
import { type PublicAddress, parsePublicAuthority } from '../vhost-path/public-address.ts';
import { type ForwardedHeaders, readForwardedAddress } from './_forwarded-address.ts';
import { compileTrust, type Peer, type TrustOptions } from './_trust.ts';

/** How a backend learns its public address; everything has a default that believes this machine only. */
export interface BackendOptions extends VhostFormOptions, TrustOptions {
  /**
   * Forwarded headers to believe from trusted peers where the path carries no form. Default `none`, because which of them a
   * front overwrites and which it lets clients decide differs from front to front.
   */
  readonly headers?: ForwardedHeaders | undefined;
  /** Takes a line for each refused request. Default: a process warning, at most one a second. */
  readonly log?: ((line: string) => void) | undefined;
}

/** A request as an adapter sees it before anybody else. */
export interface Arrival {
  readonly peer: Peer;
  /** Whether the connection itself is TLS. */
  readonly isEncrypted: boolean;
  /** The request target as received. */
  readonly target: string;
  /** Every Host line. */
  readonly hosts: readonly string[];
  /** Our end of the connection as `host:port`, for requests without Host; undefined where it has no such address. */
  readonly localAuthority: string | undefined;
  /** The value of a header by its lower-case name, several lines joined by commas. */
  header(name: string): string | undefined;
}

/** Where the public address came from. */
export type AddressSource = 'vhost' | 'headers' | 'request';

/** What a request is from the public's point of view: the answer to "which URL did the browser ask for?". */
export interface PublicRequest {
  readonly address: PublicAddress;
  /** Path and query as the browser sees them, prefix included; `*` for OPTIONS *. */
  readonly target: string;
  readonly source: AddressSource;
  /** What arrived, before anything was changed. */
  readonly received: { readonly target: string; readonly host: string | undefined };
}

/** The consumer's decision. `target` is what the application's router is to see. */
export type Reception =
  | { readonly kind: 'accepted'; readonly target: string; readonly publicRequest: PublicRequest }
  | { readonly kind: 'refused'; readonly status: 400 | 404 };

/** Decides about one request. Logs what it refuses. */
export type Consumer = (arrival: Arrival) => Reception;

/**
 * Compiles options into a consumer. Throws a RangeError or SyntaxError for options that make no sense.
 *
 * | path        | trusted peer                                  | anybody else                  |
 * |-------------|-----------------------------------------------|-------------------------------|
 * | a form      | its address; 400 if malformed                 | 404, in every spelling        |
 * | no form     | forwarded headers, else Host and the socket   | Host and the socket           |
 */
export function createConsumer(options: BackendOptions = {}): Consumer {
  const form = vhostForm(options);
  const isTrusted = compileTrust(options);
  const networks = new CidrList((options.trust ?? ['loopback']).filter((text) => text !== 'unix'));
  const headers = options.headers ?? 'none';
  const refuse = createRefusal(options.log ?? createDefaultLog());

  return function consume(arrival) {
    const { target } = arrival;
    const { path, authority: targetAuthority } = toOriginForm(target);
    const trusted = isTrusted(arrival.peer, arrival.header);
    if (!trusted && isVhostPath(path, [form])) return refuse(arrival, 404, 'the peer is not trusted');
    const own = ownAddress(arrival, targetAuthority);
    const base =
      own !== undefined && trusted
        ? readForwardedAddress(headers, arrival.header, own, (address) => networks.contains(address))
        : own;
    const received = { target, host: arrival.hosts[0] };
    if (trusted) {
      const decoding = decodeVhostTarget(form, path, base ?? own ?? localAddress(arrival));
      if (decoding.kind === 'malformed') return refuse(arrival, 400, decoding.reason);
      if (decoding.kind === 'decoded') {
        if (targetAuthority !== undefined) return refuse(arrival, 400, 'a form in an absolute target');
        const { address, target: inner, publicTarget } = decoding;
        return {
          kind: 'accepted',
          target: inner,
          publicRequest: { address, target: publicTarget, source: 'vhost', received },
        };
      }
    }
    if (own === undefined) return refuse(arrival, 400, 'the Host header is malformed');
    if (base === undefined) return refuse(arrival, 400, 'the forwarded headers are malformed');
    const publicTarget = path === '*' ? path : base.prefix + path;
    const source = base === own ? 'request' : 'headers';
    return { kind: 'accepted', target, publicRequest: { address: base, target: publicTarget, source, received } };
  };
}

/** RFC 9112 §3.2.2: a server accepts absolute-form, whose authority then counts instead of Host. */
function toOriginForm(target: string): { path: string; authority: string | undefined } {
  const match = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (match === null) return { path: target, authority: undefined };
  const [, authority = '', rest = ''] = match;
  return { path: rest.startsWith('/') ? rest : `/${rest}`, authority };
}

/** The address that the request has by itself; undefined where Host is repeated or broken (RFC 9112 §3.2: 400). */
function ownAddress(arrival: Arrival, targetAuthority: string | undefined): PublicAddress | undefined {
  if (arrival.hosts.length > 1) return undefined;
  const text = targetAuthority ?? arrival.hosts[0];
  if (text === undefined || text === '') return localAddress(arrival);
  // RFC 3986 §3.2.3: an empty port is no port.
  const authority = parsePublicAuthority(text.endsWith(':') ? text.slice(0, -1) : text);
  if (authority === undefined) return undefined;
  const scheme = arrival.isEncrypted ? 'https' : 'http';
  return { scheme, host: authority.host, port: authority.port ?? defaultPort(scheme), prefix: '' };
}

function localAddress(arrival: Arrival): PublicAddress {
  const scheme = arrival.isEncrypted ? 'https' : 'http';
  const { host, port } = parseAuthority(arrival.localAuthority ?? '') ?? { host: 'localhost', port: undefined };
  return { scheme, host, port: port ?? defaultPort(scheme), prefix: '' };
}

const MAX_LOGGED_TARGET = 200;

function createRefusal(log: (line: string) => void) {
  return function refuse(arrival: Arrival, status: 400 | 404, reason: string): Reception {
    const peer = arrival.peer.kind === 'ip' ? arrival.peer.address : arrival.peer.kind;
    // Quoted, so that no target can end the line and begin another.
    const target = JSON.stringify(arrival.target.slice(0, MAX_LOGGED_TARGET));
    log(`refused ${target} from ${peer} with ${status}: ${reason}`);
    return { kind: 'refused', status };
  };
}

const LOG_INTERVAL_MS = 1000;

function createDefaultLog(): (line: string) => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  return function warn(line) {
    const now = systemClock.now();
    if (now < quietUntil) return;
    quietUntil = now + LOG_INTERVAL_MS;
    process.emitWarning(line, 'PorticoBackendWarning');
  };
}
