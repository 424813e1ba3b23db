// The frame parser by section of RFC 9113: what each frame says, and which error ends the connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, number32, settings } from '../../test/kit/h2-frames.ts';
import { type FrameEvents, FrameParser, type SessionFault } from './frame-parser.ts';
import { FrameReader } from './frame-reader.ts';
import { CODE, FLAG, FRAME, FRAME_BYTES } from './frames.ts';

const BLOCK_BYTES = 40_000;

/** Writes events down. */
class Recorder implements FrameEvents {
  readonly events: string[] = [];

  data(id: number, bytes: Buffer, start: number, end: number, size: number, isEnd: boolean): undefined {
    this.events.push(`data ${id} ${bytes.toString('latin1', start, end)} ${size}${isEnd ? ' end' : ''}`);
  }

  headers(id: number, block: Buffer, start: number, isEnd: boolean): undefined {
    const text = block.toString('latin1', start);
    this.events.push(`headers ${id} ${text.length > 99 ? text.length : text}${isEnd ? ' end' : ''}`);
  }

  reset(id: number, code: number): undefined {
    this.events.push(`reset ${id} ${code}`);
  }

  /** Refuses parameter 99. */
  setting(id: number, value: number): SessionFault | undefined {
    this.events.push(`setting ${id} ${value}`);
    return id === 99 ? { code: CODE.flowControl, detail: '' } : undefined;
  }

  settings(isAck: boolean): undefined {
    this.events.push(isAck ? 'settings ack' : 'settings');
  }

  ping(content: Buffer, isAck: boolean): undefined {
    this.events.push(`ping ${content.toString('latin1')}${isAck ? ' ack' : ''}`);
  }

  goaway(lastStream: number, code: number): undefined {
    this.events.push(`goaway ${lastStream} ${code}`);
  }

  windowUpdate(id: number, size: number): undefined {
    this.events.push(`window ${id} ${size}`);
  }

  broken({ code }: SessionFault): void {
    this.events.push(`broken ${code}`);
  }
}

/** What the frames say, behind an empty SETTINGS unless `isFirst`. */
function parse(frames: readonly Buffer[], isFirst = false): readonly string[] {
  const recorder = new Recorder();
  const reader = new FrameReader(new FrameParser(recorder, BLOCK_BYTES));
  if (!isFirst) reader.read(settings());
  recorder.events.length = 0;
  reader.read(Buffer.concat(frames));
  return recorder.events;
}

const { none, endStream, endHeaders, padded, priority, ack } = FLAG;
const behind = frame(FRAME.ping, none, 0, 'behind..');
const words = (text: string): string[] => text.split(', ').filter((word) => word !== '');
const many = (count: number, one: Buffer): Buffer[] => Array.from({ length: count }, () => one);
const piece = frame(FRAME.continuation, none, 1, 'x'.repeat(FRAME_BYTES));

/** Frames, and what is told of them; `ping behind..` where the connection goes on. */
const CASES: readonly (readonly [section: string, what: string, frames: readonly Buffer[], told: string])[] = [
  ['5.5', 'an unknown type', [frame(0xbb, 0xff, 7, 'x')], ''],
  ['6.1', 'DATA', [frame(FRAME.data, none, 1, 'abc')], 'data 1 abc 3'],
  ['6.1', 'the end', [frame(FRAME.data, endStream, 1)], 'data 1  0 end'],
  ['6.1', 'padding counts', [frame(FRAME.data, padded | endStream, 1, '\x02abc\0\0')], 'data 1 abc 6 end'],
  ['6.1', 'padding alone', [frame(FRAME.data, padded, 1, '\x02\0\0')], 'data 1  3'],
  ['6.1', 'padding of no octets', [frame(FRAME.data, padded, 1, '\0abc')], 'data 1 abc 4'],
  ['6.1', 'padding longer than the frame', [frame(FRAME.data, padded, 1, '\x04abc')], 'broken 1'],
  ['6.1', 'padded, and empty', [frame(FRAME.data, padded, 1)], 'broken 1'],
  ['6.1', 'DATA on stream 0', [frame(FRAME.data, none, 0, 'x')], 'broken 1'],
  ['6.2', 'HEADERS', [frame(FRAME.headers, endHeaders, 1, 'abc')], 'headers 1 abc'],
  ['6.2', 'the end', [frame(FRAME.headers, endHeaders | endStream, 1, 'abc')], 'headers 1 abc end'],
  ['6.2', 'priority', [frame(FRAME.headers, endHeaders | priority, 1, '12345abc')], 'headers 1 abc'],
  [
    '6.2',
    'padding and priority',
    [frame(FRAME.headers, endHeaders | priority | padded, 1, '\x0112345abc\0')],
    'headers 1 abc',
  ],
  ['6.2', 'priority cut off', [frame(FRAME.headers, endHeaders | priority, 1, '1234')], 'broken 1'],
  [
    '6.2',
    'padding in the priority',
    [frame(FRAME.headers, endHeaders | priority | padded, 1, '\x0112345')],
    'broken 1',
  ],
  ['6.2', 'HEADERS on stream 0', [frame(FRAME.headers, endHeaders, 0, 'abc')], 'broken 1'],
  ['6.3', 'PRIORITY', [frame(FRAME.priority, none, 1, '12345')], ''],
  ['6.3', 'PRIORITY of 4 octets', [frame(FRAME.priority, none, 1, '1234')], 'broken 6'],
  ['6.3', 'PRIORITY on stream 0', [frame(FRAME.priority, none, 0, '12345')], 'broken 1'],
  ['6.4', 'RST_STREAM', [frame(FRAME.reset, none, 1, number32(0xff_ff_ff_ff))], `reset 1 ${2 ** 32 - 1}`],
  ['6.4', 'RST_STREAM of 5 octets', [frame(FRAME.reset, none, 1, '12345')], 'broken 6'],
  ['6.4', 'RST_STREAM on stream 0', [frame(FRAME.reset, none, 0, '1234')], 'broken 1'],
  ['6.5', 'SETTINGS', [settings([4, 2 ** 32 - 1], [0xffff, 7])], `setting 4 ${2 ** 32 - 1}, setting 65535 7, settings`],
  ['6.5', 'an acknowledgement', [frame(FRAME.settings, ack, 0)], 'settings ack'],
  ['6.5', 'an acknowledgement with content', [frame(FRAME.settings, ack, 0, '123456')], 'broken 6'],
  ['6.5', 'SETTINGS of 5 octets', [frame(FRAME.settings, none, 0, '12345')], 'broken 6'],
  ['6.5', 'SETTINGS on a stream', [frame(FRAME.settings, none, 1)], 'broken 1'],
  ['6.5', 'a parameter that is refused', [settings([99, 1], [4, 1])], 'setting 99 1, broken 3'],
  ['6.6', 'PUSH_PROMISE', [frame(FRAME.pushPromise, endHeaders, 1, '1234abc')], 'broken 1'],
  ['6.7', 'PING', [frame(FRAME.ping, none, 0, '12345678')], 'ping 12345678'],
  ['6.7', 'its answer', [frame(FRAME.ping, ack, 0, '12345678')], 'ping 12345678 ack'],
  ['6.7', 'PING of 9 octets', [frame(FRAME.ping, none, 0, '123456789')], 'broken 6'],
  ['6.7', 'PING on a stream', [frame(FRAME.ping, none, 1, '12345678')], 'broken 1'],
  ['6.8', 'GOAWAY', [frame(FRAME.goaway, none, 0, '\x80\0\0\x05\0\0\0\x02why')], 'goaway 5 2'],
  ['6.8', 'GOAWAY of 7 octets', [frame(FRAME.goaway, none, 0, '1234567')], 'broken 6'],
  ['6.8', 'GOAWAY on a stream', [frame(FRAME.goaway, none, 1, '12345678')], 'broken 1'],
  ['6.9', 'WINDOW_UPDATE, its reserved bit', [frame(FRAME.windowUpdate, none, 3, number32(2 ** 31 + 5))], 'window 3 5'],
  ['6.9', 'WINDOW_UPDATE of 5 octets', [frame(FRAME.windowUpdate, none, 3, '12345')], 'broken 6'],
  [
    '6.10',
    'CONTINUATION',
    [
      frame(FRAME.headers, endStream, 1, 'ab'),
      frame(FRAME.continuation, none, 1, ''),
      frame(FRAME.continuation, none, 1, 'c'),
      frame(FRAME.continuation, endHeaders, 1, 'd'),
    ],
    'headers 1 abcd end',
  ],
  [
    '6.10',
    'CONTINUATION behind padding and priority',
    [
      frame(FRAME.headers, padded | priority, 1, '\x0112345a\0'),
      frame(FRAME.continuation, endHeaders | endStream, 1, 'b'),
    ],
    'headers 1 ab',
  ],
  [
    '6.10',
    'a block of the largest size',
    [frame(FRAME.headers, none, 1), piece, piece, frame(FRAME.continuation, endHeaders, 1, 'x'.repeat(7_232))],
    'headers 1 40000',
  ],
  [
    '6.10',
    'one octet more',
    [frame(FRAME.headers, none, 1), piece, piece, frame(FRAME.continuation, endHeaders, 1, 'x'.repeat(7_233))],
    'broken 11',
  ],
  [
    '6.10',
    'pieces without content',
    [frame(FRAME.headers, none, 1), ...many(129, frame(FRAME.continuation, none, 1))],
    'broken 11',
  ],
  ['6.10', 'CONTINUATION without HEADERS', [frame(FRAME.continuation, endHeaders, 1)], 'broken 1'],
  [
    '6.10',
    'CONTINUATION behind the end of a block',
    [frame(FRAME.headers, endHeaders, 1), frame(FRAME.continuation, endHeaders, 1)],
    'headers 1 , broken 1',
  ],
  [
    '4.3',
    'another stream in a block',
    [frame(FRAME.headers, none, 1), frame(FRAME.continuation, endHeaders, 3)],
    'broken 1',
  ],
  ['4.3', 'HEADERS in a block', [frame(FRAME.headers, none, 1), frame(FRAME.headers, endHeaders, 1)], 'broken 1'],
  ['4.3', 'an unknown frame in a block', [frame(FRAME.headers, none, 1), frame(0xbb, none, 1)], 'broken 1'],
  ['4.2', 'more than the largest frame', [frame(FRAME.data, none, 1, '', FRAME_BYTES + 1)], 'broken 6'],
];

for (const [section, what, frames, told] of CASES) {
  test(`§${section}: ${what}`, () => {
    const goesOn = !told.includes('broken');
    assert.deepEqual(parse([...frames, behind]), [...words(told), ...(goesOn ? ['ping behind..'] : [])]);
  });
}

test('§3.4: the first frame is SETTINGS, and no acknowledgement', () => {
  assert.deepEqual(parse([settings([1, 2]), behind], true), ['setting 1 2', 'settings', 'ping behind..']);
  for (const first of [behind, frame(FRAME.settings, ack, 0), frame(0xbb, none, 0)])
    assert.deepEqual(parse([first, settings()], true), ['broken 1']);
});
