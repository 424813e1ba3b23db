// The trailers of a gRPC answer as the last frame of its body: browsers give scripts no trailers.
import { PassingSink } from '../../exchange/body.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { forwardableTrailers } from '../../http/hop-by-hop.ts';

/** The first byte of a frame with trailers: the highest bit, and not compressed ("gRPC-Web", protocol differences). */
const TRAILERS = 0x80;
const PREFIX_BYTES = 5;

/** Turns the trailers behind the body into a frame in it. */
export class TrailerFrameSink extends PassingSink {
  override end(trailers?: ReadonlyHeaderList): void {
    const kept = forwardableTrailers(trailers);
    if (kept !== undefined) this.next.write(printTrailerFrame(kept));
    this.next.end();
  }
}

/** Flag, length of what follows, and the lines in lower case. */
function printTrailerFrame(trailers: ReadonlyHeaderList): Buffer {
  const text = [...trailers].map(([name, value]) => `${name.toLowerCase()}: ${value}\r\n`).join('');
  const frame = Buffer.alloc(PREFIX_BYTES + text.length);
  frame.writeUInt8(TRAILERS, 0);
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, PREFIX_BYTES, 'latin1');
  return frame;
}
