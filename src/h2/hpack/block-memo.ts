// Blocks that an encoder has written before, by the array of lines they were written for: a few, for answers that alternate.

/** How many arrays are known. They are kept alive, as long as the connection lives and nothing newer comes. */
const SLOTS = 4;
/** A longer block is written anew each time: remembering it would cost more memory than it saves time. */
const BLOCK_BYTES_LIMIT = 1024;

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * A memo of blocks that are good for one state of the table; whoever changes the table clears it. An array that comes for
 * the first time is noted, its block is kept from the second time on: most arrays come only once.
 */
export class BlockMemo {
  readonly #lines: (readonly string[] | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #blocks: Buffer[] = new Array(SLOTS).fill(EMPTY);
  #next = 0;

  /** The block that was written for this very array, if it is kept. */
  get(lines: readonly string[]): Buffer | undefined {
    const slot = this.#lines.indexOf(lines);
    const block = this.#blocks[slot] ?? EMPTY;
    return block.length > 0 ? block : undefined;
  }

  /** Offers what was written for `lines`, and answers a block that stays as it is. `bytes` may be written over later. */
  keep(lines: readonly string[], bytes: Buffer): Buffer {
    if (bytes.length > BLOCK_BYTES_LIMIT) return Buffer.from(bytes);
    const slot = this.#lines.indexOf(lines);
    if (slot < 0) {
      this.#lines[this.#next] = lines;
      this.#blocks[this.#next] = EMPTY;
      this.#next = (this.#next + 1) % SLOTS;
      return Buffer.from(bytes);
    }
    // Not from the shared pool: it lives long, and would keep its neighbours alive.
    const block = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(block);
    this.#blocks[slot] = block;
    return block;
  }

  /** Forgets the blocks; which arrays came before is still true. */
  clear(): void {
    this.#blocks.fill(EMPTY);
  }
}
