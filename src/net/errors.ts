// The operating system's and OpenSSL's errors, translated once into ours.
import { type ErrorCode, ProxyError } from '../exchange/errors.ts';

const CONNECT_CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'connection_refused',
  ENOENT: 'connection_refused',
  EHOSTUNREACH: 'connection_unreachable',
  ENETUNREACH: 'connection_unreachable',
  EADDRNOTAVAIL: 'connection_unreachable',
  EACCES: 'connection_unreachable',
  ETIMEDOUT: 'connection_timeout',
  ENOTFOUND: 'dns_failed',
  EAI_AGAIN: 'dns_failed',
  EAI_NODATA: 'dns_failed',
  EAI_FAIL: 'dns_failed',
};

/** Certificate problems as Node names them (X509_V_ERR_* without the prefix, and its own host check). */
const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|ERROR_IN_CERT)/;

/** What a failed attempt to connect means. `isHandshake`: the endpoint was reached, and TLS was under way. */
export function toConnectError(
  error: NodeJS.ErrnoException | undefined,
  address: string,
  isHandshake = false,
): ProxyError {
  const errno = rootErrno(error);
  const options = { cause: error, errno };
  const known = errno === undefined ? undefined : CONNECT_CODES[errno];
  if (known !== undefined) return new ProxyError(known, address, options);
  if (errno !== undefined && CERTIFICATE.test(errno))
    return new ProxyError('tls_certificate_invalid', `${address}: ${errno}`, options);
  if (isHandshake || errno?.startsWith('ERR_SSL') || errno?.startsWith('ERR_TLS'))
    return new ProxyError('tls_handshake_failed', `${address}: ${errno ?? 'closed during the handshake'}`, options);
  return new ProxyError('connection_refused', `${address}: ${errno ?? 'closed while connecting'}`, options);
}

/** Trying several addresses fails with an AggregateError: the last of its errors says why. */
function rootErrno(error: NodeJS.ErrnoException | undefined): string | undefined {
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined;
  return last instanceof Error && 'code' in last ? String(last.code) : error?.code;
}
