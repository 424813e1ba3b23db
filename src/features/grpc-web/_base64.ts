// Base64 in passing, as gRPC-Web has it: pieces with padding of their own may stand one behind the other.
import { type Body, PassingSink, type Release, type Sink } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';

/** What one run of groups looks like: padding stands at its end only. */
const RUN = /^[A-Za-z0-9+/]*={0,2}$/;

/** A body of base64 as the bytes it stands for. Anything else in it ends it with `request_malformed`. */
export function decodedBody(body: Body): Body {
  return {
    length: undefined,
    isEmpty: body.isEmpty,
    sendTo: (sink) => body.sendTo(new Base64Decoder(sink, (error) => body.cancel(error))),
    cancel: (reason) => body.cancel(reason),
  };
}

/** Decodes the groups of four that are whole; keeps the rest of at most three characters. */
class Base64Decoder extends PassingSink {
  readonly #stop: (error: ProxyError) => void;
  #rest = '';
  #isOver = false;

  constructor(next: Sink, stop: (error: ProxyError) => void) {
    super(next);
    this.#stop = stop;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    const text = this.#rest + chunk.toString('latin1');
    release?.();
    if (this.#isOver) return true;
    const end = text.length - (text.length % 4);
    this.#rest = text.slice(end);
    const bytes = decodeGroups(text.slice(0, end));
    if (bytes === undefined) {
      this.#fail();
      return true;
    }
    return bytes.length === 0 || this.next.write(bytes);
  }

  override end(): void {
    if (this.#isOver) return;
    if (this.#rest === '') this.next.end();
    else this.#fail();
  }

  #fail(): void {
    this.#isOver = true;
    const error = new ProxyError('request_malformed', 'base64 of gRPC-Web');
    this.#stop(error);
    this.next.abort(error);
  }
}

/** Bytes of whole groups, or undefined if they are none. */
function decodeGroups(text: string): Buffer | undefined {
  const runs: Buffer[] = [];
  for (let start = 0; start < text.length; ) {
    const padding = text.indexOf('=', start);
    const end = padding < 0 ? text.length : padding - (padding % 4) + 4;
    const run = text.slice(start, end);
    if (!RUN.test(run)) return undefined;
    runs.push(Buffer.from(run, 'base64'));
    start = end;
  }
  return runs.length === 1 ? runs[0] : Buffer.concat(runs);
}

/** Encodes every chunk by itself, so that a message is never held back for the bytes of the next one. */
export class Base64Encoder extends PassingSink {
  override write(chunk: Buffer, release?: Release): boolean {
    const text = chunk.toString('base64');
    release?.();
    return this.next.write(Buffer.from(text, 'latin1'));
  }
}
