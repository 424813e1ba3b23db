// The error log of exchanges: one message per failed exchange, thinned out when the same failure comes in masses.
import { ERRORS, type ErrorCode, type ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Cancel, Clock } from '../util/clock.ts';
import { truncate } from './escape.ts';
import { failurePhase } from './failure-phase.ts';
import type { Logger } from './logger.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Failures of one code at one endpoint that are told one by one, in each window. */
const TOLD_PER_WINDOW = 5;
/** The first window. It doubles for as long as failures keep coming in masses, up to the longest. */
const FIRST_WINDOW_MS = 1_000;
const LONGEST_WINDOW_MS = 60_000;
/** Codes times endpoints, both from the program and its configuration; what is beyond shares one count per code. */
const WINDOWS_LIMIT = 1_000;
const TARGET_LENGTH = 512;

/** What is known about the failures of one code at one endpoint. */
interface Window {
  readonly code: ErrorCode;
  readonly endpoint: string | undefined;
  lengthMs: number;
  endMs: number;
  count: number;
}

/**
 * An observer that says why each failed exchange failed: mount, endpoint, phase, code, errno, detail. A client that went
 * away is told at `debug`, other faults of clients at `info`, so that nobody outside can raise an alarm.
 *
 * Of one code at one endpoint the first five in a second are told, the rest is counted and told as "and 120 more". While
 * it goes on the second grows to a minute: six messages a minute are what an attack, or a dead backend, can cause.
 */
export class FailureLog implements Observer {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  #tick: Cancel | undefined = undefined;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  onEnd(exchange: Exchange, status: number): void {
    const { error } = exchange;
    if (error === undefined) return;
    const level = levelOf(error.code);
    if (!this.#log.isEnabled(level)) return;
    const endpoint = error.endpoint ?? exchange.upstream?.endpoint;
    if (this.#isTold(error.code, endpoint))
      this.#log[level](describeFailure(exchange, error, endpoint, status), error.meaning);
  }

  /** Tells of a request that was refused before it became an exchange: its head is broken, too large or too late. */
  refused(connection: ConnectionFacts, error: ProxyError): void {
    const { code, detail, meaning } = error;
    const level = levelOf(code);
    if (this.#log.isEnabled(level) && this.#isTold(code, undefined))
      this.#log[level]({ code, phase: 'request', detail, client: connection.address }, meaning);
  }

  /** Tells what was counted and not told yet. The last call. */
  close(): void {
    this.#tick?.();
    this.#tick = undefined;
    for (const window of this.#windows.values()) this.#summarise(window);
    this.#windows.clear();
  }

  /** Counts a failure and says whether it is among those that are told. */
  #isTold(code: ErrorCode, endpoint: string | undefined): boolean {
    const window = this.#windowFor(code, endpoint);
    window.count++;
    this.#tick ??= this.#clock.every(FIRST_WINDOW_MS, () => this.#endWindows());
    return window.count <= TOLD_PER_WINDOW;
  }

  #windowFor(code: ErrorCode, endpoint: string | undefined): Window {
    const isRoom = this.#windows.size < WINDOWS_LIMIT;
    const key = `${code} ${endpoint ?? ''}`;
    const known = this.#windows.get(key) ?? (isRoom ? undefined : this.#windows.get(code));
    if (known !== undefined) return known;
    const endMs = this.#clock.now() + FIRST_WINDOW_MS;
    const window = { code, endpoint: isRoom ? endpoint : undefined, lengthMs: FIRST_WINDOW_MS, endMs, count: 0 };
    this.#windows.set(isRoom ? key : code, window);
    return window;
  }

  #endWindows(): void {
    const nowMs = this.#clock.now();
    for (const [key, window] of this.#windows) {
      if (window.endMs > nowMs) continue;
      if (window.count === 0) {
        this.#windows.delete(key);
        continue;
      }
      this.#summarise(window);
      const isMass = window.count > TOLD_PER_WINDOW;
      window.lengthMs = isMass ? Math.min(window.lengthMs * 2, LONGEST_WINDOW_MS) : FIRST_WINDOW_MS;
      window.endMs = nowMs + window.lengthMs;
      window.count = 0;
    }
    if (this.#windows.size > 0) return;
    this.#tick?.();
    this.#tick = undefined;
  }

  #summarise({ code, endpoint, count, lengthMs }: Window): void {
    const more = count - TOLD_PER_WINDOW;
    if (more <= 0) return;
    const place = endpoint === undefined ? '' : ` at ${endpoint}`;
    const sentence = `and ${more} more like this: ${code}${place}, within ${lengthMs / 1000}s`;
    this.#log[levelOf(code)]({ code, endpoint, more }, sentence);
  }
}

/** Nobody outside can cause a warning: what clients do wrong is `info`, and leaving is no mistake at all. */
function levelOf(code: ErrorCode): Level {
  if (code === 'client_gone') return 'debug';
  if (code === 'shutting_down') return 'info';
  const { side } = ERRORS[code];
  if (side === 'client') return 'info';
  return side === 'upstream' || code === 'internal_error' ? 'error' : 'warn';
}

function describeFailure(
  exchange: Exchange,
  error: ProxyError,
  endpoint: string | undefined,
  status: number,
): Record<string, unknown> {
  const { request, client, route, upstream } = exchange;
  const { cause } = error;
  return {
    code: error.code,
    phase: failurePhase(exchange),
    site: route.mount.site,
    mount: route.mount.path,
    endpoint,
    errno: error.errno,
    detail: error.detail === '' ? undefined : error.detail,
    attempts: upstream?.attempts,
    status,
    method: request.method,
    host: client.authority?.text,
    target: truncate(request.target.text, TARGET_LENGTH),
    client: client.address,
    id: exchange.id,
    stack: error.code === 'internal_error' && cause instanceof Error ? cause.stack : undefined,
  };
}
