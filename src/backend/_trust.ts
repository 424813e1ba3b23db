// Whom a backend believes: the peers that may say what the public address is.
import { createHash, timingSafeEqual } from 'node:crypto';
import { isToken } from '../http/token.ts';
import { CidrList } from '../util/cidr.ts';

/** The other end of the connection that a request came on. */
export type Peer =
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'unix' }
  /** Nobody can tell, because the connection is gone: believed by no list. */
  | { readonly kind: 'unknown' };

/** A header that only the front knows. */
export interface SharedSecret {
  /** The header's name, such as `x-front-secret`. The front must overwrite what clients send in it. */
  readonly header: string;
  readonly value: string;
}

/** Who is trusted. All conditions that are given must hold; without any, the peer must be on this machine. */
export interface TrustOptions {
  /**
   * Addresses and networks of the fronts, `loopback`, `private`, `link-local`, and `unix` for unix sockets.
   * Default: `['loopback', 'unix']`, or anybody where a secret is given.
   */
  readonly trust?: readonly string[] | undefined;
  readonly secret?: SharedSecret | undefined;
}

/** Whether a request with these headers from this peer is believed. `header` is asked for lower-case names. */
export type IsTrusted = (peer: Peer, header: (name: string) => string | undefined) => boolean;

/** Compiles the options. Throws a SyntaxError for what is no network, and a RangeError for an unusable secret. */
export function compileTrust({ trust, secret }: TrustOptions): IsTrusted {
  const list = trust ?? (secret === undefined ? ['loopback', 'unix'] : undefined);
  const networks = new CidrList((list ?? []).filter((text) => text !== 'unix'));
  const isUnixTrusted = list?.includes('unix') ?? true;
  const proof = secret === undefined ? undefined : compileSecret(secret);
  return function isTrusted(peer, header) {
    if (proof !== undefined && !proof(header)) return false;
    if (peer.kind === 'unknown') return false;
    if (list === undefined) return true;
    return peer.kind === 'unix' ? isUnixTrusted : networks.contains(peer.address);
  };
}

const MIN_SECRET_LENGTH = 16;

/** Compares digests, so that the time taken says nothing of the secret. */
function compileSecret({
  header: name,
  value,
}: SharedSecret): (header: (name: string) => string | undefined) => boolean {
  if (!isToken(name)) throw new RangeError(`Cannot use "${name}" as header for the secret: it is no header name`);
  if (value.length < MIN_SECRET_LENGTH)
    throw new RangeError(`Cannot use this secret: it needs ${MIN_SECRET_LENGTH} characters or more`);
  const wanted = digest(value);
  const lowerName = name.toLowerCase();
  return function hasSecret(header) {
    const given = header(lowerName);
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
