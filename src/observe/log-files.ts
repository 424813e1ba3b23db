// The log files of this process: one writer per file however many mounts log to it; reopened and flushed together.
import { write } from 'node:fs';
import { type Clock, systemClock } from '../util/clock.ts';
import { type LineFileSystem, type LineTarget, type LineTrouble, LineWriter } from './line-writer.ts';

/** A log file in the hands of one user. */
export interface LogFile {
  readonly writer: LineWriter;
  /** Lets go of it; the last user closes the file, waiting a while for what is not written yet. */
  close(): Promise<void>;
}

interface Entry {
  readonly writer: LineWriter;
  /** Settled once it was tried to open the file. */
  readonly opened: Promise<void>;
  users: number;
}

/** How long the last user waits for a file that takes nothing. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Hands out writers by target. */
export class LogFiles {
  readonly #clock: Clock;
  readonly #fileSystem: LineFileSystem | undefined;
  readonly #entries = new Map<string, Entry>();
  #droppedBefore = 0;
  /** Hears of every file's trouble, at most once a minute and file. By default it is told on standard error. */
  onTrouble: (trouble: LineTrouble) => void = tellStandardError;

  constructor(clock: Clock, fileSystem?: LineFileSystem) {
    this.#clock = clock;
    this.#fileSystem = fileSystem;
  }

  /**
   * The writer for `target`. Rejects with an Error whose message is for the operator if the file cannot be opened.
   * `/dev/stdout` and `/dev/stderr` are the descriptors: opened by name, a socket there would refuse.
   */
  async open(target: LineTarget): Promise<LogFile> {
    const real = resolveDevice(target);
    const key = 'path' in real ? real.path : `descriptor ${real.fd}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const writer = this.#createWriter(real);
      entry = { writer, opened: writer.open(), users: 0 };
      this.#entries.set(key, entry);
    }
    entry.users++;
    const file = new OpenFile(entry.writer, () => this.#release(key));
    try {
      await entry.opened;
    } catch (error) {
      await file.close();
      throw new Error(`cannot open the log ${key}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    return file;
  }

  /** Opens every file again by its path: what a rotation asks for. */
  reopen(): void {
    for (const { writer } of this.#entries.values()) writer.reopen();
  }

  /** Writes what waits. Resolves with whether all of it was written within `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    const results = await Promise.all([...this.#entries.values()].map(({ writer }) => writer.flush(timeoutMs)));
    return results.every(Boolean);
  }

  /** Lines that were lost since the start. */
  get droppedCount(): number {
    let count = this.#droppedBefore;
    for (const { writer } of this.#entries.values()) count += writer.droppedCount;
    return count;
  }

  #createWriter(target: LineTarget): LineWriter {
    return new LineWriter({
      target,
      clock: this.#clock,
      onTrouble: (trouble) => this.onTrouble(trouble),
      ...(this.#fileSystem === undefined ? {} : { fileSystem: this.#fileSystem }),
    });
  }

  async #release(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined || --entry.users > 0) return;
    this.#entries.delete(key);
    await entry.writer.close(CLOSE_TIMEOUT_MS);
    this.#droppedBefore += entry.writer.droppedCount;
  }
}

/** The log files of this process: a file, like the signal that asks to reopen it, belongs to the process. */
export const logFiles: LogFiles = new LogFiles(systemClock);

class OpenFile implements LogFile {
  readonly writer: LineWriter;
  #release: (() => Promise<void>) | undefined;

  constructor(writer: LineWriter, release: () => Promise<void>) {
    this.writer = writer;
    this.#release = release;
  }

  async close(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }
}

function resolveDevice(target: LineTarget): LineTarget {
  if ('path' in target && target.path === '/dev/stdout') return { fd: 1 };
  if ('path' in target && target.path === '/dev/stderr') return { fd: 2 };
  return target;
}

/** One line a minute and file at most; whether it arrives is nobody's concern. */
function tellStandardError({ message }: LineTrouble): void {
  write(2, `portico: ${message}\n`, () => {});
}
