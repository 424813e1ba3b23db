// Every bound of the HTTP/2 engine in one record, with defaults, and the gauge that tells a flood from use.
import type { CompatServer } from '../http/compat-target.ts';
import type { Deadlines } from '../util/deadlines.ts';

/** Bounds on what one client connection may cost. Sizes in bytes, times in milliseconds. */
export interface SessionLimits {
  /** Names and values of a request head together, as for HTTP/1.1. Beyond it: 431; beyond twice that the stream is reset. */
  readonly headBytes: number;
  /** Header lines of a head, cookies counted as one, and of a trailer section. Beyond it: 431. */
  readonly headerCount: number;
  /** The `:path`. Beyond it: 414. */
  readonly targetBytes: number;
  /** The request body. Beyond it: 413. Infinity for no limit. */
  readonly bodyBytes: number;
  /** From the start of the connection to its first request. */
  readonly headTimeoutMs: number;
  /** Longest pause of a request body that somebody wants. */
  readonly bodyTimeoutMs: number;
  /**
   * Longest time in which the client takes nothing of an answer that waits for it, nor, where that has a window of its own,
   * of the others on the connection, whose turns come first.
   */
  readonly writeTimeoutMs: number;
  /** How long a connection may be open without a request under way. */
  readonly idleTimeoutMs: number;
  /** How long a tunnel may stay silent in both directions. */
  readonly tunnelIdleTimeoutMs: number;
  /** How long a closing connection, or an unread body behind a finished answer, is waited for. */
  readonly lingerTimeoutMs: number;
  /** Requests under way at a time (RFC 9113 §5.1.2 recommends at least 100). */
  readonly concurrentStreams: number;
  /** Request bytes that a client may send on one stream before somebody has read them. */
  readonly streamWindowBytes: number;
  /** Request bytes of all streams together that may be on their way. */
  readonly connectionWindowBytes: number;
  /** Streams that ended without a whole answer (CVE-2023-44487, CVE-2025-8671): at once, and per second thereafter. */
  readonly brokenStreams: Rate;
  /** SETTINGS, PING and empty DATA frames of the client (CVE-2019-9512, CVE-2019-9515, CVE-2019-9518). */
  readonly controlFrames: Rate;
  /** Whose reading of request paths is used; undefined for the strict one. */
  readonly compat: CompatServer | undefined;
}

/** How often something may happen: `burst` times at once, `perSecond` in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** The defaults; those it shares with HTTP/1.1 come from `limits:` and `timeouts:`. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  headBytes: 64 * 1024,
  headerCount: 200,
  targetBytes: 16 * 1024,
  bodyBytes: Number.POSITIVE_INFINITY,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  idleTimeoutMs: 75_000,
  tunnelIdleTimeoutMs: 3_600_000,
  lingerTimeoutMs: 5_000,
  concurrentStreams: 100,
  streamWindowBytes: 128 * 1024,
  connectionWindowBytes: 1024 * 1024,
  brokenStreams: { burst: 200, perSecond: 20 },
  controlFrames: { burst: 500, perSecond: 50 },
  compat: undefined,
};

/** Bounds on one connection to an endpoint. Sizes in bytes, times in milliseconds. */
export interface OutboundSessionLimits {
  /** Names and values of a response head together. Beyond it: 502; beyond twice that the stream is reset. */
  readonly headBytes: number;
  /** Header lines of a head, and of a trailer section. */
  readonly headerCount: number;
  /** Informational heads ahead of one answer (RFC 9110 §15.2 sets no bound). */
  readonly interimCount: number;
  /** Requests under way at a time, if the endpoint does not allow fewer. */
  readonly concurrentStreams: number;
  /** Answer bytes that an endpoint may send on one stream before somebody has taken them. */
  readonly streamWindowBytes: number;
  /** Answer bytes of all streams together that may be on their way. */
  readonly connectionWindowBytes: number;
  /** From the request being sent to the head of the answer. */
  readonly responseTimeoutMs: number;
  /** Longest pause of a response body; event streams included. */
  readonly readTimeoutMs: number;
  /** Longest time the endpoint may take nothing of the request bytes that wait for it. */
  readonly writeTimeoutMs: number;
  /** How long to wait for 100 before the body is sent anyway (RFC 9110 §10.1.1). */
  readonly continueTimeoutMs: number;
  /** How long a tunnel, or a gRPC call, may stay silent. */
  readonly tunnelIdleTimeoutMs: number;
  /** How long a session may be open without a request under way. */
  readonly idleTimeoutMs: number;
  /** From the beginning of a session to the SETTINGS of the endpoint, and from a PING to its answer. */
  readonly answerTimeoutMs: number;
  /** How long a closing session is waited for. */
  readonly lingerTimeoutMs: number;
  /** SETTINGS, PING and empty DATA frames of the endpoint. */
  readonly controlFrames: Rate;
}

/** The defaults; those it shares with HTTP/1.1 come from `limits:` and `timeouts:`. */
export const DEFAULT_OUTBOUND_SESSION_LIMITS: OutboundSessionLimits = {
  headBytes: 128 * 1024,
  headerCount: 400,
  interimCount: 64,
  concurrentStreams: 100,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024,
  responseTimeoutMs: 60_000,
  readTimeoutMs: 300_000,
  writeTimeoutMs: 60_000,
  continueTimeoutMs: 1_000,
  tunnelIdleTimeoutMs: 3_600_000,
  idleTimeoutMs: 60_000,
  answerTimeoutMs: 10_000,
  lingerTimeoutMs: 5_000,
  controlFrames: { burst: 1000, perSecond: 100 },
};

/** A token bucket in the coarse time of the deadlines. */
export class FloodGauge {
  readonly #rate: Rate;
  readonly #deadlines: Deadlines;
  #left: number;
  #filledAtMs: number;

  constructor(rate: Rate, deadlines: Deadlines) {
    this.#rate = rate;
    this.#deadlines = deadlines;
    this.#left = rate.burst;
    this.#filledAtMs = deadlines.nowMs;
  }

  /** Notes one event; true if that is more than the rate allows. */
  isOverflowing(): boolean {
    const { burst, perSecond } = this.#rate;
    const { nowMs } = this.#deadlines;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#filledAtMs) * perSecond) / 1000);
    this.#filledAtMs = nowMs;
    this.#left--;
    return this.#left < 0;
  }
}
