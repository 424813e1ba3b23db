// Every bound of the HTTP/1.1 engine in one record, with defaults.

import type { CompatServer } from '../http/compat-target.ts';

/** Bounds on what one inbound or outbound connection may cost. Sizes in bytes, times in milliseconds. */
export interface ConnectionLimits {
  /** Request line and header lines together. Beyond it: 431. */
  readonly headBytes: number;
  /** Header lines of a head, and of a trailer section. Beyond it: 431. */
  readonly headerCount: number;
  /** The request target. Beyond it: 414. RFC 9112 §3 wants at least 8000. */
  readonly targetBytes: number;
  /** The request body. Beyond it: 413. Infinity for no limit. */
  readonly bodyBytes: number;
  /** Chunk extensions and size digits of one chunk line (RFC 9112 §7.1.1 asks for a bound). */
  readonly chunkLineBytes: number;
  /** From the first byte of a head to its end. Beyond it: 408 and close. */
  readonly headTimeoutMs: number;
  /** Longest pause of a request body; progress counts, not the clock on the wall. */
  readonly bodyTimeoutMs: number;
  /** Longest time the client may take none of the response bytes that wait for it. */
  readonly writeTimeoutMs: number;
  /** How long a kept-alive connection may idle between requests. */
  readonly idleTimeoutMs: number;
  /** How long a switched protocol may stay silent in both directions. */
  readonly tunnelIdleTimeoutMs: number;
  /** How long an unread request body is read and dropped after the answer, so that the client sees the answer. */
  readonly lingerTimeoutMs: number;
  /** How many bytes of it. */
  readonly lingerBytes: number;
  /** Whose reading of request paths is used; undefined for the strict one. */
  readonly compat: CompatServer | undefined;
}

/** The defaults of `limits:` and `timeouts:`. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  headBytes: 64 * 1024,
  headerCount: 200,
  targetBytes: 16 * 1024,
  bodyBytes: Number.POSITIVE_INFINITY,
  chunkLineBytes: 4096,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  idleTimeoutMs: 75_000,
  tunnelIdleTimeoutMs: 3_600_000,
  lingerTimeoutMs: 5_000,
  lingerBytes: 4 * 1024 * 1024,
  compat: undefined,
};

/** Bounds on one outbound connection. */
export interface OutboundLimits {
  /** Status line and header lines of a response. Beyond it: 502. */
  readonly headBytes: number;
  readonly headerCount: number;
  readonly chunkLineBytes: number;
  /** From the request being sent to the head of the answer. */
  readonly responseTimeoutMs: number;
  /** Longest pause of a response body; event streams included. */
  readonly readTimeoutMs: number;
  /** Longest time the upstream may take none of the request bytes that wait for it. */
  readonly writeTimeoutMs: number;
  /** How long to wait for 100 before the body is sent anyway (RFC 9110 §10.1.1). */
  readonly continueTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
}

export const DEFAULT_OUTBOUND_LIMITS: OutboundLimits = {
  headBytes: 128 * 1024,
  headerCount: 400,
  chunkLineBytes: 4096,
  responseTimeoutMs: 60_000,
  readTimeoutMs: 300_000,
  writeTimeoutMs: 60_000,
  continueTimeoutMs: 1_000,
  tunnelIdleTimeoutMs: 3_600_000,
};
