// Sends pieces of a body through a Transform and collects what comes out, holding both to the contract of sinks.
import assert from 'node:assert/strict';
import { type Sink, strictSink, type Transform } from '../../src/exchange/body.ts';

/** What came out of a transform. */
export interface Transformed {
  readonly bytes: Buffer;
  readonly chunks: readonly Buffer[];
}

/**
 * Runs `pieces` through `transform`. Every piece is lent: it is overwritten as soon as it is released, as a slab would
 * be, and must be released exactly once by the time the body is over.
 */
export function runTransform(transform: Transform, pieces: readonly Buffer[]): Transformed {
  const chunks: Buffer[] = [];
  const sink: Sink = transform(
    strictSink({
      onDrained: undefined,
      write(chunk, release) {
        chunks.push(Buffer.from(chunk));
        release?.();
        return true;
      },
      end() {},
      abort(error) {
        throw error;
      },
    }),
  );
  let released = 0;
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    let isReleased = false;
    sink.write(lent, () => {
      assert.ok(!isReleased, 'a chunk was released twice');
      isReleased = true;
      released++;
      lent.fill(0x7e);
    });
  }
  sink.end();
  assert.equal(released, pieces.length, 'every lent chunk is released');
  return { bytes: Buffer.concat(chunks), chunks };
}
