// Blocks of HPACK to header lines, strictly, for one direction of one connection (RFC 7541 §3, §6); remembers the last one.
import { DEFAULT_TABLE_BYTES, DynamicTable } from './dynamic-table.ts';
import { type Cursor, readInteger } from './integer.ts';
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';
import { readString } from './string-literal.ts';

/**
 * Why a block cannot be read. `malformed`: the connection is over (COMPRESSION_ERROR, RFC 9113 §4.3). `too-large`: its
 * names and values are longer than allowed; the table is in step all the same, so the connection can go on.
 */
export type BlockFault = 'malformed' | 'too-large';

const EMPTY: Buffer = Buffer.alloc(0);
/** RFC 7541 §4.2: a size changed several times between two blocks is told as its lowest and its last. */
const SIZE_UPDATES_LIMIT = 2;
/** A longer block is decoded anew each time: remembering it would cost more memory than it saves time. */
const MEMO_BYTES_LIMIT = 4096;
/** Up to here a loop compares faster than the call that compares. */
const LOOP_BYTES_LIMIT = 64;

/**
 * Decodes the blocks of one peer, which must come in the order in which they were received, each of them whole. Blocks
 * repeat on a kept-alive connection once the table has settled, so the last one is kept as bytes: an equal block gives
 * the same array again as long as the table is the same, and everything derived from the array with it.
 */
export class HpackDecoder {
  readonly #announcedBytes: number;
  readonly #table: DynamicTable;
  readonly #cursor: Cursor = { bytes: EMPTY, at: 0, end: 0 };
  #lastBlock: Buffer = EMPTY;
  #lastLength = 0;
  #lastLines: readonly string[] | undefined = undefined;
  #lastLinesBytes = 0;

  /**
   * `tableBytes` is the SETTINGS_HEADER_TABLE_SIZE that we announce. A peer that has not read it yet takes 4096 for it:
   * less is safe only where the peer knows before its first block.
   */
  constructor(tableBytes: number = DEFAULT_TABLE_BYTES) {
    this.#announcedBytes = tableBytes;
    // RFC 9113 §6.5.2: a table begins with 4096; for more the peer sends an update (RFC 7541 §6.3).
    this.#table = new DynamicTable(Math.min(tableBytes, DEFAULT_TABLE_BYTES));
  }

  /**
   * The lines of the block from `start` to `end`: names and values by turns, octets as latin1, in the order received.
   * `limitBytes` bounds names and values together. No line is judged here: names may be empty, or in upper case. Which
   * lines the peer marked as never to be indexed (§6.2.3) is not told; our encoder goes by names.
   */
  decode(bytes: Buffer, start: number, end: number, limitBytes: number): readonly string[] | BlockFault {
    if (this.#isLast(bytes, start, end) && this.#lastLinesBytes <= limitBytes && this.#lastLines !== undefined)
      return this.#lastLines;
    this.#lastLines = undefined;
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = start;
    cursor.end = end;
    const result = this.#readBlock(cursor, limitBytes);
    cursor.bytes = EMPTY;
    if (this.#lastLines !== undefined) this.#remember(bytes, start, end);
    return result;
  }

  #readBlock(cursor: Cursor, limitBytes: number): readonly string[] | BlockFault {
    const { bytes, end } = cursor;
    const lines: string[] = [];
    let linesBytes = 0;
    const updates = this.#readSizeUpdates(cursor);
    if (updates < 0) return 'malformed';
    let isTableSame = updates === 0;
    while (cursor.at < end) {
      const octet = bytes[cursor.at] ?? 0;
      let name: string | undefined;
      let value: string | undefined;
      if (octet >= 0x80) {
        // §6.1: an indexed line.
        const index = readInteger(cursor, 0x7f);
        name = this.#nameAt(index);
        value = this.#valueAt(index);
      } else {
        // §6.2: a literal, `01` to be indexed, `0000` not to be, `0001` never; `001` is a size update, too late (§4.2).
        const isIndexed = octet >= 0x40;
        if (!isIndexed && octet >= 0x20) return 'malformed';
        const index = readInteger(cursor, isIndexed ? 0x3f : 0x0f);
        name = index === 0 ? readString(cursor) : this.#nameAt(index);
        value = readString(cursor);
        if (isIndexed && name !== undefined && value !== undefined) {
          this.#table.insert(name, value);
          isTableSame = false;
        }
      }
      if (name === undefined || value === undefined) return 'malformed';
      linesBytes += name.length + value.length;
      // Beyond the limit lines are read for the table alone: a short block may name a long entry again and again.
      if (linesBytes <= limitBytes) lines.push(name, value);
    }
    if (linesBytes > limitBytes) return 'too-large';
    if (isTableSame) {
      this.#lastLines = lines;
      this.#lastLinesBytes = linesBytes;
    }
    return lines;
  }

  /** How many size updates the block begins with (RFC 7541 §6.3); -1 if they are not allowed. */
  #readSizeUpdates(cursor: Cursor): number {
    let count = 0;
    while (cursor.at < cursor.end && ((cursor.bytes[cursor.at] ?? 0) & 0xe0) === 0x20) {
      const bytes = readInteger(cursor, 0x1f);
      if (bytes < 0 || bytes > this.#announcedBytes || ++count > SIZE_UPDATES_LIMIT) return -1;
      this.#table.resize(bytes);
    }
    return count;
  }

  /** RFC 7541 §2.3.3: an index outside both tables is an error; so is 0 (§6.1). */
  #nameAt(index: number): string | undefined {
    if (index <= STATIC_COUNT) return index > 0 ? STATIC_NAMES[index] : undefined;
    return index - STATIC_COUNT <= this.#table.count ? this.#table.nameAt(index - STATIC_COUNT) : undefined;
  }

  #valueAt(index: number): string | undefined {
    if (index <= STATIC_COUNT) return index > 0 ? STATIC_VALUES[index] : undefined;
    return index - STATIC_COUNT <= this.#table.count ? this.#table.valueAt(index - STATIC_COUNT) : undefined;
  }

  #isLast(bytes: Buffer, start: number, end: number): boolean {
    const length = this.#lastLength;
    if (end - start !== length || this.#lastLines === undefined) return false;
    const last = this.#lastBlock;
    if (length > LOOP_BYTES_LIMIT) return last.compare(bytes, start, end, 0, length) === 0;
    for (let index = 0; index < length; index++) if (last[index] !== bytes[start + index]) return false;
    return true;
  }

  /** Keeps the bytes of the block, in the buffer of the one before where that is large enough. */
  #remember(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > MEMO_BYTES_LIMIT) {
      this.#lastLines = undefined;
      return;
    }
    // Not from the shared pool: it lives as long as the connection, and would keep its neighbours alive.
    if (length > this.#lastBlock.length) this.#lastBlock = Buffer.allocUnsafeSlow(Math.max(64, length + (length >> 1)));
    bytes.copy(this.#lastBlock, 0, start, end);
    this.#lastLength = length;
  }
}
