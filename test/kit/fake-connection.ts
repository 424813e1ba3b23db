// A connection without a socket: what is written is kept, and taken when the test says so.
import assert from 'node:assert/strict';
import type { Release } from '../../src/exchange/body.ts';
import type { Connection, ConnectionUser } from '../../src/net/connection.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { FakeClock } from './fake-clock.ts';
import { type Frame, readFrames } from './h2-frames.ts';

/** Stands for a {@link Connection}: it has all of one that an engine of HTTP/2 touches. */
export class FakeConnection {
  readonly clock = new FakeClock();
  readonly deadlines = new Deadlines(this.clock);
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Whether writes wait until {@link take}. */
  isBlocking = false;
  /** Our FIN went out. */
  isEnded = false;
  /** Both directions are over, by `destroy` or `reset`. */
  isClosed = false;
  /** How many writes there were. */
  writes = 0;
  readonly #taken: Buffer[] = [];
  #waiting: { readonly bytes: Buffer; readonly before: Buffer; readonly release: Release | undefined }[] = [];
  #user: ConnectionUser | undefined = undefined;

  constructor() {
    this.deadlines.add(this);
  }

  get asConnection(): Connection {
    return this as unknown as Connection;
  }

  use(user: ConnectionUser): void {
    this.#user = user;
  }

  get bytesWaiting(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Buffer, release?: Release): boolean {
    assert.ok(!this.isEnded, 'nothing is written behind our FIN');
    if (this.isClosed) {
      release?.();
      return true;
    }
    this.writes++;
    this.#waiting.push({ bytes, before: Buffer.from(bytes), release });
    if (this.isBlocking) return false;
    this.#takeAll();
    return true;
  }

  /** Takes all that waits, and tells so. The bytes must be as they were written: nobody may have used them again. */
  take(): void {
    if (this.#waiting.length === 0) return;
    this.#takeAll();
    this.#user?.onDrain();
  }

  expireIn(delayMs: number): void {
    this.deadlineMs = this.deadlines.in(delayMs);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#user?.onDeadline();
  }

  end(): void {
    this.isEnded = true;
  }

  reset(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.deadlines.remove(this);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { release } of waiting) release?.();
    // Sockets tell it later; whoever destroys one is not called back at once.
    setImmediate(() => this.#user?.onClose(undefined));
  }

  /** Bytes of the peer. They are overwritten behind the call, as those of a socket are by its next read. */
  receive(...parts: readonly Buffer[]): void {
    const bytes = Buffer.concat(parts);
    this.#user?.onBytes(bytes, undefined);
    bytes.fill(0xee);
  }

  /** The FIN of the peer. */
  receiveEnd(): void {
    this.#user?.onEnd();
  }

  /** Everything that was taken so far. */
  get sent(): Buffer {
    return Buffer.concat(this.#taken);
  }

  /** The frames in it. */
  get frames(): readonly Frame[] {
    return readFrames(this.sent);
  }

  #takeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { bytes, before, release } of waiting) {
      assert.ok(bytes.equals(before), 'bytes changed while they were with the system');
      this.#taken.push(before);
      release?.();
    }
  }
}

/** A turn of the event loop: what was collected in it has been written. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
