// How far an exchange had come when it failed: the word that logs use beside the error code.
import type { ErrorCode } from '../exchange/errors.ts';
import { ERRORS } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';

/**
 * `request`: reading the request and deciding what to do with it. `connect`: getting a connection to an endpoint.
 * `wait`: sending the request and waiting for the head of the answer. `response`: the answer, head and body.
 */
export type FailurePhase = 'request' | 'connect' | 'wait' | 'response';

/** Failures that say by themselves where they happen. The others happen where the timeline ends. */
const CONNECT_CODES: ReadonlySet<ErrorCode> = new Set([
  'dns_failed',
  'dns_timeout',
  'connection_refused',
  'connection_unreachable',
  'connection_timeout',
  'connection_limit_reached',
  'no_endpoint',
  'tls_handshake_failed',
  'tls_certificate_invalid',
] as const);

/** The phase in which the exchange failed; undefined if it did not. */
export function failurePhase({ error, upstream, timeline }: Exchange): FailurePhase | undefined {
  if (error === undefined) return undefined;
  const { code } = error;
  if (CONNECT_CODES.has(code)) return 'connect';
  if (code === 'response_write_timeout') return 'response';
  if (ERRORS[code].side === 'client' && code !== 'client_gone') return 'request';
  if (timeline.responseHead > 0 || timeline.upstreamHead > 0) return 'response';
  if (upstream === undefined) return 'request';
  return timeline.upstreamReady > 0 ? 'wait' : 'connect';
}
