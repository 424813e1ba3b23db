// What a server made of the bytes of one connection, as one line of text per request: comparable between servers.

/** How a reading ended where it did not end with a whole request. */
export type Fault = 'refused' | 'incomplete';

/** Notes what a server reads from one connection, in order. */
export class Reading {
  readonly #entries: string[] = [];

  /** Whether the last thing noted is that the connection went wrong. */
  get hasFault(): boolean {
    return /(refused|incomplete)$/.test(this.#entries.at(-1) ?? '');
  }

  /** Notes an accepted head; the answer notes what became of its body. */
  head(method: string, target: string, headerCount: number, framing: string): BodyNote {
    const index = this.#entries.length;
    const text = `${shorten(method)} ${shorten(target)}, ${headerCount} headers, ${framing}`;
    this.#entries.push(framing === NO_BODY ? text : `${text}: body incomplete`);
    return new BodyNote((note) => {
      if (framing !== NO_BODY) this.#entries[index] = `${text}: ${note}`;
    });
  }

  /** Notes that what came is no request. */
  fault(fault: Fault): void {
    if (!this.hasFault) this.#entries.push(fault);
  }

  /** The whole reading: entries separated by `; `, or `nothing`. */
  toString(): string {
    return this.#entries.join('; ') || 'nothing';
  }
}

/** What becomes of one body: it ends, or it is refused. A body noted as neither is incomplete. */
export class BodyNote {
  readonly #note: (text: string) => void;
  isOver = false;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  end(byteCount: number): void {
    this.isOver = true;
    this.#note(`${byteCount} bytes`);
  }

  refused(): void {
    if (!this.isOver) this.#note('body refused');
    this.isOver = true;
  }
}

/** The framing of a message without content, or with `Content-Length: 0`, which says the same. */
export const NO_BODY = 'no body';

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 40)}...(${text.length})`;
}
