// Session tickets: one set of keys for all identities, so that sessions outlast reloads; renewed twice a day.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';
import type { Cancel, Clock } from '../util/clock.ts';

/** How long a session may be resumed, in seconds (RFC 8446 §4.6.1 allows a week). */
export const SESSION_LIFETIME_S = 4 * 3600;

/** Whoever has a key can read the sessions that were resumed by it: no key lives longer (RFC 8446 §8, RFC 5077 §5.5). */
const KEY_LIFETIME_MS = 12 * 3600 * 1000;
/** What node:tls takes: name, HMAC and AES key, 16 bytes each. */
const KEYS_BYTES = 48;

/** Keys of the process. They never leave its memory: another process cannot resume, and makes a full handshake. */
export class SessionTickets {
  readonly #servers = new Set<Server>();
  readonly #stop: Cancel;
  #keys = randomBytes(KEYS_BYTES);

  constructor(clock: Clock) {
    this.#stop = clock.every(KEY_LIFETIME_MS, () => this.rotate());
  }

  /** Has `server` seal its tickets with the keys, now and after every renewal, until {@link detach}. */
  attach(server: Server): void {
    this.#servers.add(server);
    server.setTicketKeys(this.#keys);
  }

  detach(server: Server): void {
    this.#servers.delete(server);
  }

  /** Takes new keys. Sessions of before begin with a full handshake. */
  rotate(): void {
    this.#keys = randomBytes(KEYS_BYTES);
    for (const server of this.#servers) server.setTicketKeys(this.#keys);
  }

  /** No renewals any more. */
  close(): void {
    this.#stop();
    this.#servers.clear();
  }
}
