// Header lines to blocks of HPACK, for one direction of one connection (RFC 7541 §6); remembers the last ones.
import { BlockMemo } from './block-memo.ts';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { EncoderTable } from './encoder-table.ts';
import { chooseIndexing } from './indexing.ts';
import { INTEGER_OCTETS_LIMIT, writeInteger } from './integer.ts';
import { stringRoom, writeString } from './string-literal.ts';

/** The first octet of each form (RFC 7541 §6): its pattern, and the bits that it leaves for an integer. */
const FORMS = {
  indexed: { pattern: 0x80, mask: 0x7f },
  index: { pattern: 0x40, mask: 0x3f },
  resize: { pattern: 0x20, mask: 0x1f },
  never: { pattern: 0x10, mask: 0x0f },
  without: { pattern: 0x00, mask: 0x0f },
} as const;

/** Space that all encoders write in, one after another. It grows with the longest block up to this, and then no more. */
const SCRATCH_BYTES_LIMIT = 64 * 1024;
let scratch: Buffer = Buffer.allocUnsafeSlow(4096);

/**
 * Encodes the heads and trailers of one connection. Each block changes the table for the next one: all of them must be
 * sent, in the order in which they were encoded. The block for the same array is the same Buffer once the table has settled.
 */
export class HpackEncoder {
  readonly #boundBytes: number;
  readonly #table: EncoderTable;
  readonly #memo = new BlockMemo();
  /** The lowest size since the last block, if it has changed since. */
  #lowestBytes: number | undefined = undefined;

  /** `tableBytes` is what our table may hold, whatever the peer allows, and what it may hold until the peer says otherwise. */
  constructor(tableBytes: number = DEFAULT_TABLE_BYTES) {
    this.#boundBytes = Math.min(tableBytes, DEFAULT_TABLE_BYTES);
    this.#table = new EncoderTable(this.#boundBytes);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, up to our own bound. The next block tells of it (RFC 7541 §4.2). */
  resize(tableBytes: number): void {
    const limitBytes = Math.min(tableBytes, this.#boundBytes);
    if (limitBytes === this.#table.limitBytes) return;
    this.#lowestBytes = Math.min(this.#lowestBytes ?? limitBytes, limitBytes);
    this.#table.resize(limitBytes);
    this.#memo.clear();
  }

  /**
   * The block of a section. `lines` are names in lower case and values by turns, octets as latin1; the caller has checked
   * them, and never changes the array. The block is never changed either: it may be sent as it is, and again.
   */
  encode(lines: readonly string[]): Buffer {
    const known = this.#memo.get(lines);
    if (known !== undefined) return known;
    const { inserted } = this.#table;
    let target = scratch;
    let at = 0;
    const isResized = this.#lowestBytes !== undefined;
    if (isResized) at = this.#writeSizeUpdates(target);
    for (let index = 0; index < lines.length; index += 2) {
      const name = lines[index] ?? '';
      const value = lines[index + 1] ?? '';
      const room = INTEGER_OCTETS_LIMIT + stringRoom(name) + stringRoom(value);
      if (at + room > target.length) target = enlarge(target, at, room);
      at = this.#writeLine(target, at, name, value);
    }
    if (target.length <= SCRATCH_BYTES_LIMIT) scratch = target;
    const isTableSame = !isResized && this.#table.inserted === inserted;
    if (!isTableSame) this.#memo.clear();
    const isKept = isTableSame && this.#memo.wants(lines, at);
    // One that is kept lives long: from the shared pool it would keep its neighbours alive.
    const block = isKept ? Buffer.allocUnsafeSlow(at) : Buffer.allocUnsafe(at);
    target.copy(block, 0, 0, at);
    if (isKept) this.#memo.keep(lines, block);
    return block;
  }

  /** RFC 7541 §4.2: the lowest size since the last block, and the last one. */
  #writeSizeUpdates(target: Buffer): number {
    const { pattern, mask } = FORMS.resize;
    const limitBytes = this.#table.limitBytes;
    const lowestBytes = this.#lowestBytes ?? limitBytes;
    this.#lowestBytes = undefined;
    const at = lowestBytes < limitBytes ? writeInteger(target, 0, pattern, mask, lowestBytes) : 0;
    return writeInteger(target, at, pattern, mask, limitBytes);
  }

  #writeLine(target: Buffer, start: number, name: string, value: string): number {
    const table = this.#table;
    const index = table.find(name, value);
    if (index > 0) return writeInteger(target, start, FORMS.indexed.pattern, FORMS.indexed.mask, index);
    const indexing = chooseIndexing(name, value, table.countValues(name), table.limitBytes);
    const { pattern, mask } = FORMS[indexing];
    let at = writeInteger(target, start, pattern, mask, -index);
    if (index === 0) at = writeString(target, at, name);
    at = writeString(target, at, value);
    if (indexing === 'index') table.insert(name, value);
    return at;
  }
}

/** Larger space that begins with the `used` octets of `target` and has `room` more. */
function enlarge(target: Buffer, used: number, room: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(target.length * 2, used + room));
  target.copy(larger, 0, 0, used);
  return larger;
}
