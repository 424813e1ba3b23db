// Makes a body transform of a scanner: joins windows, keeps what is unsettled, passes unchanged chunks on as they are.
import { PassingSink, type Release, type Sink, type Transform } from '../exchange/body.ts';
import type { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { invariant } from '../util/invariant.ts';
import { giveSlab, SLAB_BYTES, takeSlab } from '../util/slab-pool.ts';
import { EditList } from './edit-list.ts';
import type { Scanner } from './scanner.ts';
import type { Language } from './select.ts';
import { Window } from './window.ts';

/** What a rewritten body did, for metrics: read it when the body is over, or while it runs. */
export interface ScanTally {
  /** Changes made. */
  edits: number;
  /** The most bytes held back at once. */
  heldBytes: number;
  /** Bytes that went by unexamined. */
  unexaminedBytes?: number;
  /** Bodies in an encoding that cannot be read: they passed as they are. */
  opaqueBodies?: number;
  /** Told of everything, if somebody wants to know: see `trace/rewrite-trace.ts`. */
  readonly watch?: ScanWatch;
}

/** Hears what becomes of one body. */
export interface ScanWatch {
  /** Before the body: how it is read. */
  onLanguage(language: Language, encoding: string): void;
  /** `[from, settled)` of the window is done, with these edits in it. */
  onScanned(window: Window, from: number, settled: number, edits: EditList): void;
}

/** With what is held back, this much of the next chunk is looked at first: nearly always it settles there. */
const JOIN_BYTES = 2048;
/** Buffers up to this size come from Node's own pool; larger ones are slabs, so that nothing has to be collected. */
const SMALL_BYTES = 4 * 1024;
const NOTHING = Buffer.alloc(0);

/** A transform that runs a scanner of its own over each body. `tally`, if given, is counted up. */
export function scanTransform(makeScanner: () => Scanner, tally?: ScanTally): Transform {
  return (next) => new ScanSink(next, makeScanner(), tally ?? { edits: 0, heldBytes: 0 });
}

class ScanSink extends PassingSink implements Sink {
  readonly #scanner: Scanner;
  readonly #tally: ScanTally;
  readonly #edits = new EditList();
  /** The unsettled end of what came before; our own memory. */
  #held: Buffer = NOTHING;

  constructor(next: Sink, scanner: Scanner, tally: ScanTally) {
    super(next);
    this.#scanner = scanner;
    this.#tally = tally;
    scanner.reset();
  }

  override write(chunk: Buffer, release?: Release): boolean {
    const goesOn = this.#write(chunk, release);
    if (!goesOn) this.#scanner.keepLittle?.();
    return goesOn;
  }

  override end(trailers?: ReadonlyHeaderList): void {
    const window = Window.of(this.#held);
    const settled = this.#scan(window, 0, this.#held.length, true);
    invariant(settled === this.#held.length, 'scanner: text left at the end');
    const { unexaminedBytes = 0 } = this.#scanner;
    if (unexaminedBytes > 0) this.#tally.unexaminedBytes = (this.#tally.unexaminedBytes ?? 0) + unexaminedBytes;
    this.#held = NOTHING;
    if (this.#edits.length > 0) this.#writeEdited(window, settled);
    else if (window.length > 0) this.next.write(window.bytes);
    this.next.end(trailers);
  }

  override abort(error: ProxyError): void {
    this.#scanner.reset();
    this.next.abort(error);
  }

  #write(chunk: Buffer, release: Release | undefined): boolean {
    if (this.#held.length === 0) return this.#writeWindow(chunk, 0, release);
    const held = this.#held;
    if (chunk.length <= JOIN_BYTES) {
      const all = Buffer.concat([held, chunk]);
      release?.();
      return this.#writeWindow(all, 0, undefined);
    }
    const joined = join(held, chunk);
    const window = Window.of(joined);
    const settled = this.#scan(window, 0, joined.length, false);
    const hasEdits = this.#edits.length > 0;
    if (settled < held.length) return this.#writeBehindHeld(window, settled, chunk, release);
    this.#held = NOTHING;
    const taken = settled - held.length;
    if (!hasEdits) {
      const goesOn = this.next.write(held);
      return this.#writeWindow(chunk, taken, release) && goesOn;
    }
    const goesOn = this.#writeEdited(window, settled);
    return this.#writeWindow(chunk.subarray(taken), 0, release) && goesOn;
  }

  /** A small join settled nothing of the chunk: what is unsettled is joined with all of it. */
  #writeBehindHeld(window: Window, settled: number, chunk: Buffer, release: Release | undefined): boolean {
    const goesOn = settled === 0 || this.#writeSettled(window, settled);
    const joined = Buffer.concat([this.#held.subarray(settled), chunk]);
    this.#held = NOTHING;
    release?.();
    return this.#writeWindow(joined, 0, undefined) && goesOn;
  }

  /** Scans `bytes` from `from`, before which all is settled and unchanged, and writes all that is settled then. */
  #writeWindow(bytes: Buffer, from: number, release: Release | undefined): boolean {
    const window = Window.of(bytes);
    const settled = this.#scan(window, from, bytes.length, false);
    this.#hold(bytes, settled);
    if (settled === 0) {
      release?.();
      return true;
    }
    if (this.#edits.length === 0)
      return this.next.write(settled === bytes.length ? bytes : bytes.subarray(0, settled), release);
    return this.#writeEdited(window, settled, release);
  }

  #scan(window: Window, from: number, to: number, isLast: boolean): number {
    this.#edits.clear();
    const settled = this.#scanner.scan(window, from, to, isLast, this.#edits);
    this.#tally.edits += this.#edits.length;
    this.#tally.watch?.onScanned(window, from, settled, this.#edits);
    return settled;
  }

  #hold(bytes: Buffer, settled: number): void {
    const length = bytes.length - settled;
    invariant(length <= this.#scanner.maxHeldBytes, `scanner: ${length} bytes held`);
    this.#held = length === 0 ? NOTHING : Buffer.from(bytes.subarray(settled));
    if (length > this.#tally.heldBytes) this.#tally.heldBytes = length;
  }

  #writeSettled(window: Window, settled: number): boolean {
    return this.#edits.length === 0
      ? this.next.write(Buffer.from(window.bytes.subarray(0, settled)))
      : this.#writeEdited(window, settled);
  }

  /** Writes the window up to `settled` with the edits in it. `release` is that of the window's own memory. */
  #writeEdited(window: Window, settled: number, release?: Release): boolean {
    const size = this.#edits.roomFor(settled);
    const isSlab = size > SMALL_BYTES && size <= SLAB_BYTES;
    const room = isSlab ? takeSlab() : Buffer.allocUnsafe(size);
    const edited = this.#edits.applyTo(window.bytes, settled, isSlab ? room.subarray(0, size) : room);
    release?.();
    return isSlab ? this.next.write(edited, () => giveSlab(room)) : this.next.write(edited);
  }
}

/** What is held, which is little nearly always, and the beginning of what comes behind it are looked at in this. */
const seam = Buffer.allocUnsafeSlow(2 * JOIN_BYTES);

/** `held` with the first {@link JOIN_BYTES} of `chunk` behind it: good until the next call. */
function join(held: Buffer, chunk: Buffer): Buffer {
  const size = held.length + JOIN_BYTES;
  const joined = size <= seam.length ? seam.subarray(0, size) : Buffer.allocUnsafe(size);
  joined.set(held);
  chunk.copy(joined, held.length, 0, JOIN_BYTES);
  return joined;
}
