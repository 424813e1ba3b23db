// Lines to a file or a descriptor, in batches, off the event loop; survives full disks and slow pipes by counting losses.
import { close, constants, fstat, open, write } from 'node:fs';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import type { Cancel, Clock } from '../util/clock.ts';
import { writeLatin1 } from '../util/latin1.ts';

/** Where lines go: a file that is opened (and opened again after a rotation), or a descriptor that is there. */
export type LineTarget = { readonly path: string } | { readonly fd: number };

/** What went wrong with a target since the last report. */
export interface LineTrouble {
  /** The path, or `standard output` and the like. */
  readonly target: string;
  /** The system's name for the failure, such as ENOSPC; undefined if lines came faster than they could be written. */
  readonly errno: string | undefined;
  /** Lines that were lost since the last report. */
  readonly droppedLines: number;
  /** The whole story in a sentence. */
  readonly message: string;
}

/** What a line writer asks of the file system. Every call may reject with the system's error. */
export interface LineFileSystem {
  /** Opens a file for appending, made if missing, without ever waiting for the other end of a fifo. */
  open(path: string): Promise<number>;
  /** Resolves with the number of bytes written, which may be fewer than `length`. */
  write(fd: number, bytes: Buffer, offset: number, length: number): Promise<number>;
  /** A text that is the same for two descriptors of one regular file, and for no two of anything else. */
  identify(fd: number): Promise<string>;
  close(fd: number): Promise<void>;
}

/** What a {@link LineWriter} is made of. */
export interface LineWriterOptions {
  readonly target: LineTarget;
  readonly clock: Clock;
  /** Hears of failures and of lost lines, at most once a minute. */
  readonly onTrouble: (trouble: LineTrouble) => void;
  readonly fileSystem?: LineFileSystem;
}

/** Lines wait at most this long for company. */
const TICK_MS = 50;
/** A batch of this size is written at once. */
const BATCH_BYTES = 64 * 1024;
/** What may wait while the target takes nothing: beyond it lines are counted and dropped. */
const QUEUE_BYTES_LIMIT = 1024 * 1024;
/** A full pipe is tried again after this long, any other failure after the second. */
const AGAIN_MS = 25;
const RETRY_MS = 1_000;
const REPORT_INTERVAL_MS = 60_000;
const LF = 0x0a;
const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Collects lines and writes them with asynchronous calls, one at a time.
 *
 *     idle ──line──► waiting ──tick, or a full batch──► writing ──nothing left──► idle
 *                       ▲                                  │
 *                       └────────── retry timer ◄──failure─┘
 *
 * Neither blocks nor throws: while the target fails, at most 1 MiB waits and further lines are counted and dropped; the
 * next try that succeeds goes on where the last one stopped. Its timers do not keep the process alive: end with
 * {@link close} or {@link flush}.
 */
export class LineWriter {
  readonly #target: LineTarget;
  readonly #clock: Clock;
  readonly #fileSystem: LineFileSystem;
  readonly #troubles: TroubleReporter;
  /** The batch that lines are added to. */
  #batch: Buffer = NO_BYTES;
  #used = 0;
  /** Batches behind it, oldest first; `#offset` bytes of the first are written. */
  readonly #sealed: Buffer[] = [];
  #sealedBytes = 0;
  #offset = 0;
  /** A batch buffer to use again. */
  #spare: Buffer | undefined = undefined;
  #fd: number | undefined = undefined;
  #identity = '';
  #timer: Cancel | undefined = undefined;
  #isWriting = false;
  #isFailing = false;
  #wantsReopen = false;
  #isClosed = false;
  readonly #emptyListeners: (() => void)[] = [];
  readonly #endListeners: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#target = options.target;
    this.#clock = options.clock;
    this.#fileSystem = options.fileSystem ?? systemFiles;
    this.#troubles = new TroubleReporter(options.clock, printTarget(options.target), options.onTrouble);
    if ('fd' in options.target) {
      this.#fd = options.target.fd;
      makeNonBlocking(options.target.fd);
    }
  }

  /** Lines that were lost since the start. */
  get droppedCount(): number {
    return this.#troubles.droppedCount;
  }

  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return this.#sealedBytes - this.#offset + this.#used;
  }

  /**
   * Opens the file now instead of with the first line, so that an operator hears of a wrong path. Rejects with the
   * system's error; a fifo that nobody reads yet is fine.
   */
  async open(): Promise<void> {
    this.#isWriting = true;
    try {
      await this.#openIfClosed();
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO') throw error;
    } finally {
      this.#isWriting = false;
      if (this.#used > 0) this.#writeIn(TICK_MS);
    }
  }

  /** Takes one line, or several; the last character is a line feed. */
  write(line: string): void {
    if (line.length * 3 > this.#batch.length - this.#used) this.writeBytes(Buffer.from(line));
    else this.#advance(this.#batch.write(line, this.#used, 'utf8'));
  }

  /**
   * {@link write} for a line of nothing but ASCII, at half the cost. Dangerous with anything else: of a character above
   * 7F only the low octet is written, and that may be a line feed.
   */
  writeAscii(line: string): void {
    if (line.length > this.#batch.length - this.#used && !this.#makeRoom(line.length)) return;
    this.#advance(writeLatin1(this.#batch, line, this.#used));
  }

  /** {@link write} for bytes; they are copied. */
  writeBytes(bytes: Buffer): void {
    if (bytes.length > this.#batch.length - this.#used && !this.#makeRoom(bytes.length)) return;
    this.#advance(bytes.copy(this.#batch, this.#used));
  }

  /**
   * Lets go of the file and opens its path again, because it was moved away. What waits goes to the new file; if that
   * cannot be opened, the old one is kept. Does nothing for a descriptor.
   */
  reopen(): void {
    if (!('path' in this.#target) || this.#fd === undefined || this.#isClosed) return;
    this.#wantsReopen = true;
    this.#writeNow();
  }

  /** Writes what waits. Resolves with whether all of it was written within `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#isIdle) return true;
    const isEmpty = this.#waitFor(this.#emptyListeners, timeoutMs);
    this.#writeNow();
    return isEmpty;
  }

  /**
   * {@link flush}, then the end: later lines are lost, and so is what could not be written. A descriptor stays open.
   * A write under way gets as long again to return.
   */
  async close(timeoutMs: number): Promise<void> {
    await this.flush(timeoutMs);
    this.#isClosed = true;
    this.#stopTimer();
    if (this.#isWriting) await this.#waitFor(this.#endListeners, timeoutMs);
    else await this.#end();
  }

  get #isIdle(): boolean {
    return this.queuedBytes === 0 && !this.#isWriting && !this.#wantsReopen;
  }

  /** Whether one of `listeners` was called within `timeoutMs`. */
  async #waitFor(listeners: (() => void)[], timeoutMs: number): Promise<boolean> {
    const letGo = holdProcess();
    const isHeard = await new Promise<boolean>((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () => resolve(false));
      listeners.push(() => {
        cancel();
        resolve(true);
      });
    });
    letGo();
    return isHeard;
  }

  #advance(size: number): void {
    this.#used += size;
    if (this.#timer === undefined && !this.#isWriting) this.#writeIn(TICK_MS);
  }

  /** Begins a batch with room for `size` bytes. False if the queue is full: then the line is lost. */
  #makeRoom(size: number): boolean {
    const free = QUEUE_BYTES_LIMIT - this.#sealedBytes - this.#used;
    if (this.#isClosed || size > free) {
      if (this.#isClosed) this.#troubles.droppedCount++;
      else this.#troubles.dropped(1);
      return false;
    }
    this.#seal();
    const wanted = Math.min(Math.max(BATCH_BYTES, size), free);
    const spare = this.#spare;
    this.#spare = undefined;
    this.#batch = spare !== undefined && spare.length === wanted ? spare : Buffer.allocUnsafeSlow(wanted);
    if (this.#sealed.length > 0 && !this.#isFailing) this.#writeNow();
    return true;
  }

  #seal(): void {
    if (this.#used === 0) return;
    this.#sealed.push(this.#batch.subarray(0, this.#used));
    this.#sealedBytes += this.#used;
    this.#batch = NO_BYTES;
    this.#used = 0;
  }

  #writeIn(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#writeNow());
  }

  #stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #writeNow(): void {
    if (this.#isWriting) return;
    this.#stopTimer();
    this.#isWriting = true;
    void this.#writeAll();
  }

  /** Writes what is there now. What comes meanwhile waits for its own tick, unless it fills a batch or is flushed. */
  async #writeAll(): Promise<void> {
    try {
      this.#seal();
      for (;;) {
        if (this.#wantsReopen && (this.#offset === 0 || this.#isFailing)) await this.#replaceFile();
        if (this.#emptyListeners.length > 0) this.#seal();
        const [batch] = this.#sealed;
        if (batch === undefined || this.#isClosed) break;
        const fd = await this.#openIfClosed();
        const written = await this.#fileSystem.write(fd, batch, this.#offset, batch.length - this.#offset);
        if (written === 0) throw Object.assign(new Error('nothing written'), { code: 'EAGAIN' });
        this.#isFailing = false;
        this.#forget(batch, written);
      }
      this.#isWriting = false;
      for (const listener of this.#emptyListeners.splice(0)) listener();
      if (this.#used > 0 && !this.#isClosed) this.#writeIn(TICK_MS);
    } catch (error) {
      this.#isWriting = false;
      await this.#fail(error);
    }
    if (this.#isClosed) await this.#end();
  }

  #forget(batch: Buffer, written: number): void {
    this.#offset += written;
    if (this.#offset < batch.length) return;
    this.#sealed.shift();
    this.#sealedBytes -= batch.length;
    this.#offset = 0;
    if (batch.buffer.byteLength === BATCH_BYTES) this.#spare = Buffer.from(batch.buffer, 0, BATCH_BYTES);
  }

  /** A pipe that is full for now is no failure; anything else is told, and a file is opened anew: it may have healed. */
  async #fail(error: unknown): Promise<void> {
    const errno = errnoOf(error);
    this.#isFailing = true;
    if (this.#isClosed) return;
    const isFull = errno === 'EAGAIN' || errno === 'EINTR';
    this.#writeIn(isFull ? AGAIN_MS : RETRY_MS);
    if (isFull) return;
    this.#troubles.failed(errno);
    if (!isDiskFull(errno)) await this.#closeFile();
  }

  async #openIfClosed(): Promise<number> {
    if (this.#fd !== undefined || !('path' in this.#target)) return this.#fd as number; // a descriptor is set for good
    const fd = await this.#fileSystem.open(this.#target.path);
    await this.#adopt(fd);
    return fd;
  }

  async #replaceFile(): Promise<void> {
    if (!('path' in this.#target)) return;
    this.#wantsReopen = false;
    let fd: number;
    try {
      fd = await this.#fileSystem.open(this.#target.path);
    } catch (error) {
      this.#troubles.failed(errnoOf(error));
      return;
    }
    await this.#closeFile();
    await this.#adopt(fd);
  }

  /** A line that another file has the beginning of is written again, whole. */
  async #adopt(fd: number): Promise<void> {
    this.#fd = fd;
    const identity = await this.#fileSystem.identify(fd);
    const [batch] = this.#sealed;
    if (batch !== undefined && this.#offset > 0 && identity !== this.#identity)
      this.#offset = batch.lastIndexOf(LF, this.#offset - 1) + 1;
    this.#identity = identity;
  }

  async #closeFile(): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined || !('path' in this.#target)) return;
    this.#fd = undefined;
    // What close reports (EIO, ENOSPC of a network file system) cannot be repaired any more.
    await this.#fileSystem.close(fd).catch(() => {});
  }

  /** Closes the file behind the last write, and counts what nobody will read. */
  async #end(): Promise<void> {
    this.#seal();
    let lost = 0;
    for (const batch of this.#sealed.splice(0)) lost += countLines(batch);
    this.#sealedBytes = 0;
    this.#offset = 0;
    if (lost > 0) this.#troubles.dropped(lost);
    this.#troubles.close();
    await this.#closeFile();
    for (const listener of this.#endListeners.splice(0)) listener();
  }
}

/** Tells of failures and losses: the first at once, then what came together, once a minute. */
class TroubleReporter {
  readonly #clock: Clock;
  readonly #target: string;
  readonly #onTrouble: (trouble: LineTrouble) => void;
  #errno: string | undefined = undefined;
  #hasNews = false;
  #dropped = 0;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #timer: Cancel | undefined = undefined;
  droppedCount = 0;

  constructor(clock: Clock, target: string, onTrouble: (trouble: LineTrouble) => void) {
    this.#clock = clock;
    this.#target = target;
    this.#onTrouble = onTrouble;
  }

  failed(errno: string): void {
    this.#errno = errno;
    this.#tell();
  }

  dropped(lines: number): void {
    this.#dropped += lines;
    this.droppedCount += lines;
    this.#tell();
  }

  /** Reports what was not reported yet. */
  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#dropped > 0) this.#report();
  }

  #tell(): void {
    this.#hasNews = true;
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastReportMs + REPORT_INTERVAL_MS - this.#clock.now();
    if (waitMs <= 0) {
      this.#report();
      return;
    }
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      if (this.#hasNews) this.#report();
    });
  }

  #report(): void {
    const errno = this.#errno;
    const droppedLines = this.#dropped;
    this.#hasNews = false;
    this.#errno = undefined;
    this.#dropped = 0;
    this.#lastReportMs = this.#clock.now();
    const cause = errno === undefined ? 'lines come faster than they can be written' : errno;
    const loss = droppedLines === 0 ? 'nothing is lost yet' : `${droppedLines} lines were lost`;
    const message = `could not write all of the log to ${this.#target}: ${cause}; ${loss}`;
    try {
      this.#onTrouble({ target: this.#target, errno, droppedLines, message });
    } catch {
      // Whoever is told of trouble must not add to it.
    }
  }
}

const openAsync = promisify(open);
const writeAsync = promisify(write);
const fstatAsync = promisify(fstat);

/** Access logs name people: their files are not for everybody. */
const FILE_MODE = 0o640;
/** O_NONBLOCK: a fifo without a reader fails (ENXIO), and a full one says EAGAIN, instead of holding a thread. */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

let otherCount = 0;

const systemFiles: LineFileSystem = {
  open: (path) => openAsync(path, OPEN_FLAGS, FILE_MODE),
  write: async (fd, bytes, offset, length) => (await writeAsync(fd, bytes, offset, length, null)).bytesWritten,
  identify: async (fd) => {
    const stats = await fstatAsync(fd);
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : `other ${++otherCount}`;
  },
  close: promisify(close),
};

/**
 * A write that waits for the reader of a pipe would hold one of four threads, and `process.exit` would wait for it for
 * ever. Asking for `process.stdout` makes Node set O_NONBLOCK on pipes and sockets (and take it back at the end).
 */
function makeNonBlocking(fd: number): void {
  if (fd === 1) void process.stdout;
  if (fd === 2) void process.stderr;
}

/** Keeps the process alive until the returned function is called: the timers of the clock do not. */
function holdProcess(): () => void {
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  return () => port1.close();
}

function isDiskFull(errno: string): boolean {
  return errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG';
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function printTarget(target: LineTarget): string {
  if ('path' in target) return target.path;
  return ['standard input', 'standard output', 'standard error'][target.fd] ?? `descriptor ${target.fd}`;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let index = bytes.indexOf(LF); index >= 0; index = bytes.indexOf(LF, index + 1)) count++;
  return count;
}
