// Looks for what the rewriter should not have left: the backend's authorities in what goes out to the client.
import { PassingSink, type Release, type Sink, type Transform } from '../exchange/body.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { defaultPort } from '../http/target.ts';
import { type BaseUrl, printAuthority } from './base-url.ts';
import { escapedAtEnd, PORT_HERE } from './escape-style.ts';

/** One backend authority found in the output. */
export interface Leak {
  /** The authority as configured. */
  readonly authority: string;
  /** Where: a header's name (lower case), or `body`. */
  readonly place: string;
  /** Up to 160 characters around it, controls shown as spaces. */
  readonly sample: string;
}

/** Told about every leak. Called at once; must not throw. */
export type OnLeak = (leak: Leak) => void;

const SAMPLE_BEFORE = 60;
const SAMPLE_LENGTH = 160;
/** What stands left of a host that can make a longer name of it, or an escape. */
const LEFT_CONTEXT = 8;
/** A host and the colon and port behind it, however the colon is written. */
const RIGHT_CONTEXT = 320;

/**
 * Searches output for the authorities of backends: a host with the backend's port behind it, the colon in any spelling;
 * by the host alone where the port is a default one. Cheap enough to leave on: it runs at the speed of memory.
 */
export class LeakDetector {
  readonly #bases = new Map<string, BaseUrl[]>();
  readonly #hosts: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** Every leak contains one of these: ports where they are no default, which are found faster than hosts. */
  readonly #needles: readonly Buffer[];

  constructor(backends: readonly BaseUrl[]) {
    for (const base of backends) this.#bases.set(base.host, [...(this.#bases.get(base.host) ?? []), base]);
    this.#hosts = [...this.#bases.keys()].map((name) => ({ name, bytes: Buffer.from(name, 'latin1') }));
    const words = backends.map((base) => (base.port === defaultPort(base.scheme) ? base.host : String(base.port)));
    this.#needles = [...new Set(words)].map((word) => Buffer.from(word, 'latin1'));
  }

  /** Leaks in the values of a head. */
  checkHeaders(headers: ReadonlyHeaderList, onLeak: OnLeak): void {
    for (let index = 0; index < headers.length; index++) {
      const value = headers.valueAt(index);
      if (!this.#isNamedIn(value)) continue;
      const bytes = Buffer.from(value, 'latin1');
      this.#check(bytes, 0, bytes.length, headers.lowerNameAt(index), onLeak);
    }
  }

  /** Leaks in a whole text. */
  checkBytes(bytes: Buffer, onLeak: OnLeak): void {
    this.#check(bytes, 0, bytes.length, 'body', onLeak);
  }

  /** A transform that passes a body on as it is and tells of every leak in it, also across chunks. */
  transform(onLeak: OnLeak): Transform {
    return (next) => new LeakSink(next, (bytes, from, to) => this.#check(bytes, from, to, 'body', onLeak));
  }

  #isNamedIn(value: string): boolean {
    for (const { name } of this.#hosts) if (value.includes(name)) return true;
    return false;
  }

  #mayHold(bytes: Buffer): boolean {
    for (const needle of this.#needles) if (bytes.indexOf(needle) >= 0) return true;
    return false;
  }

  /** Reports hits that begin in `[from, to)`; the bytes around are there to see what they are part of. */
  #check(bytes: Buffer, from: number, to: number, place: string, onLeak: OnLeak): void {
    if (!this.#mayHold(bytes)) return;
    for (const { name, bytes: host } of this.#hosts) {
      const searched = bytes.subarray(0, Math.min(bytes.length, to + host.length - 1));
      for (let at = searched.indexOf(host, from); at >= 0; at = searched.indexOf(host, at + 1)) {
        const base = this.#bases.get(name)?.find((candidate) => isLeak(bytes, at, at + host.length, candidate));
        if (base !== undefined) onLeak({ authority: printAuthority(base), place, sample: sampleAt(bytes, at) });
      }
    }
  }
}

/** Whether the host at `[start, end)` stands for itself and is followed by the port of `base`. */
function isLeak(bytes: Buffer, start: number, end: number, base: BaseUrl): boolean {
  const left = bytes.toString('latin1', Math.max(0, start - LEFT_CONTEXT), start);
  if (/[A-Za-z0-9_.-]$/.test(left) && escapedAtEnd(left) < 0) return false;
  const right = bytes.toString('latin1', end, end + RIGHT_CONTEXT);
  PORT_HERE.lastIndex = 0;
  const port = PORT_HERE.exec(right);
  const isBare = port === null || port[2] === '';
  if (isBare) return base.port === defaultPort(base.scheme) && !/^(?:[A-Za-z0-9_-]|\.[A-Za-z0-9])/.test(right);
  if (Number(port[2]) !== base.port) return false;
  return !/^(?:[A-Za-z0-9_-]|\.[A-Za-z0-9])/.test(right.slice(port[0].length));
}

function sampleAt(bytes: Buffer, at: number): string {
  const start = Math.max(0, at - SAMPLE_BEFORE);
  return bytes.toString('latin1', start, start + SAMPLE_LENGTH).replace(/[\0-\x1f\x7f]/g, ' ');
}

type Check = (bytes: Buffer, from: number, to: number) => void;

/**
 * Looks at a hit once what follows it is there; until then it keeps the end of what went by.
 *
 *     kept:  | left context |  undecided starts  |  <- chunk
 */
class LeakSink extends PassingSink implements Sink {
  readonly #check: Check;
  #kept: Buffer = Buffer.alloc(0);
  /** Where the undecided starts begin in `#kept`. */
  #undecided = 0;

  constructor(next: Sink, check: Check) {
    super(next);
    this.#check = check;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    if (chunk.length < 2 * (LEFT_CONTEXT + RIGHT_CONTEXT))
      this.#look(Buffer.concat([this.#kept, chunk]), this.#undecided);
    else {
      const seam = Buffer.concat([this.#kept, chunk.subarray(0, LEFT_CONTEXT + RIGHT_CONTEXT)]);
      this.#check(seam, this.#undecided, this.#kept.length + LEFT_CONTEXT);
      this.#look(chunk, LEFT_CONTEXT);
    }
    return this.next.write(chunk, release);
  }

  override end(trailers?: ReadonlyHeaderList): void {
    this.#check(this.#kept, this.#undecided, this.#kept.length);
    this.next.end(trailers);
  }

  #look(bytes: Buffer, from: number): void {
    const to = Math.max(from, bytes.length - RIGHT_CONTEXT);
    this.#check(bytes, from, to);
    const start = Math.max(0, to - LEFT_CONTEXT);
    this.#kept = Buffer.from(bytes.subarray(start));
    this.#undecided = to - start;
  }
}
