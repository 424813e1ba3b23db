// A stretch of a body under examination: the bytes, and the same as one latin1 string once somebody asks for it.

/**
 * Bytes and text of the same stretch, index for index: `text.charCodeAt(i) === bytes[i]`. Nothing is ever decoded, so
 * whatever is not looked for survives as it is, invalid UTF-8 included. Each side is made from the other when first
 * asked for: searching costs no string, a text that came as a string costs no Buffer until bytes are needed.
 */
export class Window {
  #bytes: Buffer | undefined;
  #text: string | undefined;
  readonly length: number;

  private constructor(bytes: Buffer | undefined, text: string | undefined, length: number) {
    this.#bytes = bytes;
    this.#text = text;
    this.length = length;
  }

  /** A window on `bytes`, which must not change as long as the window is used. */
  static of(bytes: Buffer): Window {
    return new Window(bytes, undefined, bytes.length);
  }

  /** A window on a string whose characters are all below U+0100. */
  static ofText(latin1: string): Window {
    return new Window(undefined, latin1, latin1.length);
  }

  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.#text ?? '', 'latin1'));
  }

  get text(): string {
    return (this.#text ??= this.#bytes?.toString('latin1') ?? '');
  }

  /** Whether the text exists already, so that reading it costs nothing. */
  get hasText(): boolean {
    return this.#text !== undefined;
  }

  /** `text.slice(from, to)` without making the whole text. */
  slice(from: number, to: number): string {
    if (this.#text !== undefined) return this.#text.slice(from, to);
    return this.#bytes?.toString('latin1', Math.max(0, from), Math.min(to, this.length)) ?? '';
  }
}
