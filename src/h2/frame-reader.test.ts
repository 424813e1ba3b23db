// The frame reader: the same frames however the bytes are cut, nothing behind the end, nothing that is too large.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everySplit } from '../../test/kit/every-split.ts';
import { frame } from '../../test/kit/h2-frames.ts';
import { FrameReader, type FrameTaker } from './frame-reader.ts';
import { FLAG, FRAME, FRAME_BYTES, FRAME_HEAD_BYTES } from './frames.ts';

/** Writes down what it is told, copying: the bytes are valid during the call. */
class Recorder implements FrameTaker {
  readonly events: string[] = [];
  readonly reader = new FrameReader(this);
  /** After this many frames it wants no more. */
  limit = Number.POSITIVE_INFINITY;

  onFrame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): boolean {
    const content = bytes.toString('hex', start, end);
    const last = this.events.at(-1);
    // A DATA frame that comes in parts means the same as one.
    if (type === FRAME.data && last?.startsWith(`0 0 ${stream} `)) {
      this.events.pop();
      this.events.push(`0 ${flags} ${stream} ${last.split(' ')[3]}${content}`);
    } else {
      this.events.push(`${type} ${flags} ${stream} ${content}`);
    }
    return this.events.length < this.limit;
  }

  onOversizedFrame(): void {
    this.events.push('oversized');
  }

  /** Reads pieces from one buffer that is overwritten each time, as sockets do it. */
  read(pieces: readonly Buffer[]): readonly string[] {
    for (const piece of pieces) {
      this.reader.read(piece);
      piece.fill(0xee);
    }
    return this.events;
  }
}

const SCRIPT = Buffer.concat([
  frame(FRAME.settings, 0, 0, 'abcdef'),
  frame(FRAME.settings, 1, 0),
  frame(FRAME.data, 0, 0xff_ff_ff_ff, 'x'.repeat(40)),
  frame(FRAME.data, 1, 3),
  frame(0xbb, 0xff, 2 ** 31 - 1, '1'),
  frame(FRAME.ping, 0, 0, '12345678'),
]);
const EVENTS = [
  `4 0 0 ${Buffer.from('abcdef').toString('hex')}`,
  '4 1 0 ',
  `0 0 ${2 ** 31 - 1} ${'78'.repeat(40)}`,
  '0 1 3 ',
  `187 255 ${2 ** 31 - 1} 31`,
  `6 0 0 ${Buffer.from('12345678').toString('hex')}`,
];

test('every split gives the same frames, the reserved bit left out (RFC 9113 §4.1)', () => {
  everySplit(SCRIPT, (pieces) => assert.deepEqual(new Recorder().read(pieces), EVENTS));
});

test('a frame of the largest size is read whole, wherever it is cut', () => {
  const large = frame(FRAME.data, 0, 1, Buffer.alloc(FRAME_BYTES, 'y'));
  const bytes = Buffer.concat([SCRIPT, large, SCRIPT]);
  const end = SCRIPT.length + large.length;
  const whole = new Recorder().read([Buffer.from(bytes)]);
  assert.equal(whole.length, EVENTS.length * 2 + 1);
  for (const at of [SCRIPT.length + 1, SCRIPT.length + FRAME_HEAD_BYTES, end - 1, end, end + 1]) {
    const copy = Buffer.from(bytes);
    assert.deepEqual(new Recorder().read([copy.subarray(0, at), copy.subarray(at)]), whole);
  }
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
    Buffer.from(bytes.subarray(index * 7, index * 7 + 7)),
  );
  assert.deepEqual(new Recorder().read(pieces), whole);
});

test('content is told as it comes, END_STREAM with the last of it; with padding it is told whole', () => {
  const plain = frame(FRAME.data, FLAG.endStream, 1, 'a'.repeat(30));
  const padded = frame(FRAME.data, FLAG.padded, 3, `\x05${'b'.repeat(30)}`);
  for (const [bytes, wanted] of [
    [plain, ['', '0 0 1 6161', `0 0 1 ${'61'.repeat(29)}`, `0 1 1 ${'61'.repeat(30)}`]],
    [padded, ['', '', '', `0 8 3 05${'62'.repeat(30)}`]],
  ] as const) {
    const recorder = new Recorder();
    const lasts: string[] = [];
    for (const [start, end] of [
      [0, FRAME_HEAD_BYTES],
      [FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + 2],
      [FRAME_HEAD_BYTES + 2, bytes.length - 1],
      [bytes.length - 1, bytes.length],
    ] as const) {
      recorder.read([Buffer.from(bytes.subarray(start, end))]);
      lasts.push(recorder.events.at(-1) ?? '');
    }
    assert.deepEqual(lasts, wanted);
  }
});

test('one octet more than the largest size ends it, once, with nothing read behind', () => {
  const head = frame(FRAME.data, 0, 1, '', FRAME_BYTES + 1);
  everySplit(
    Buffer.concat([frame(FRAME.settings, 0, 0), head, SCRIPT]),
    (pieces) => assert.deepEqual(new Recorder().read(pieces), ['4 0 0 ', 'oversized']),
    { randomSplits: 5 },
  );
});

test('behind a frame that was the last, and behind stop, nothing is read', () => {
  for (const limit of [1, 4]) {
    everySplit(
      SCRIPT,
      (pieces) => {
        const recorder = new Recorder();
        recorder.limit = limit;
        assert.deepEqual(recorder.read(pieces), EVENTS.slice(0, limit));
      },
      { randomSplits: 5 },
    );
  }
  const recorder = new Recorder();
  recorder.read([Buffer.from(SCRIPT.subarray(0, 20))]);
  recorder.reader.stop();
  assert.deepEqual(recorder.read([Buffer.from(SCRIPT.subarray(20))]), EVENTS.slice(0, 1));
});
