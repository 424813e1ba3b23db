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
    if (slot < 0) return undefined;
    const block = this.#blocks[slot];
    return block === EMPTY ? undefined : block;
  }

  /** Whether the block for `lines`, so many octets long, shall be kept: from the second time on. */
  wants(lines: readonly string[], length: number): boolean {
    if (length > BLOCK_BYTES_LIMIT) return false;
    if (this.#lines.includes(lines)) return true;
    this.#lines[this.#next] = lines;
    this.#blocks[this.#next] = EMPTY;
    this.#next = (this.#next + 1) % SLOTS;
    return false;
  }

  /** Keeps a block that it {@link wants}, which nobody may change. */
  keep(lines: readonly string[], block: Buffer): void {
    this.#blocks[this.#lines.indexOf(lines)] = block;
  }

  /** Forgets the blocks; which arrays came before is still true. */
  clear(): void {
    this.#blocks.fill(EMPTY);
  }
}
