// The body of a stream: credit for what was taken, the last bytes held until the end, and one end for the sink.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sink, strictSink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import { REQUEST_FAULTS } from './field-lines.ts';
import { MessageBody, type MessageBodyOwner } from './message-body.ts';
import type { Stream } from './stream.ts';

const GONE = new ProxyError('client_gone');

/** A sink that takes or blocks, and writes down what it hears. */
class TestSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  takes = true;
  text = '';
  chunks = 0;
  /** What ended it. */
  ending = '';
  onWrite: (() => void) | undefined = undefined;

  write(chunk: Buffer): boolean {
    this.text += chunk.toString('latin1');
    this.chunks++;
    this.onWrite?.();
    return this.takes;
  }

  end(trailers?: Iterable<readonly [string, string]>): void {
    this.ending = trailers === undefined ? 'end' : `end ${[...trailers].join(' ')}`;
  }

  abort(error: ProxyError): void {
    this.ending = error.code;
  }
}

function makeBody(length?: number, bodyBytes = Number.POSITIVE_INFINITY) {
  const heard: string[] = [];
  const owner: MessageBodyOwner = {
    bodyWanted: () => heard.push('wanted'),
    bodyArrived: () => {},
    bodyUnblocked: () => heard.push('unblocked'),
    bodyRead: () => heard.push('read'),
    bodyBroken: ({ code }) => heard.push(`broken ${code}`),
    bodyCancelled: () => heard.push('cancelled'),
  };
  const stream = {
    credit: 0,
    consumed(size: number) {
      this.credit += size;
    },
  };
  const limits = { bodyBytes, headerCount: 3, faults: REQUEST_FAULTS };
  const body = new MessageBody(stream as unknown as Stream, length, owner, limits);
  const sink = new TestSink();
  /** Bytes that are overwritten behind the call, as those of a read are. */
  const arrive = (text: string): void => {
    const bytes = Buffer.from(text, 'latin1');
    body.arrived(bytes, undefined);
    bytes.fill(0);
  };
  return { body, sink, strict: strictSink(sink), stream, heard, arrive };
}

test('what is taken is paid back, what the sink has no room for is when it has', () => {
  const { body, sink, strict, stream, heard, arrive } = makeBody();
  body.sendTo(strict);
  arrive('abc');
  assert.equal(stream.credit, 3);
  sink.takes = false;
  arrive('de');
  assert.equal(stream.credit, 3);
  assert.equal(body.isWaiting, false);
  arrive('f');
  arrive('gh');
  assert.equal(sink.text, 'abcde');
  sink.takes = true;
  strict.onDrained?.();
  assert.equal(sink.text, 'abcdefgh');
  assert.equal(stream.credit, 8);
  strict.onDrained?.();
  assert.equal(stream.credit, 8, 'paid once');
  body.ended();
  assert.equal(sink.ending, 'end');
  assert.equal(body.isComplete, true);
  assert.deepEqual(heard, ['wanted', 'unblocked', 'read']);
});

test('what comes before the sink waits for it, unpaid', () => {
  const { body, sink, strict, stream, arrive } = makeBody();
  arrive('ab');
  arrive('c');
  body.ended();
  assert.equal(stream.credit, 0);
  body.sendTo(strict);
  assert.equal(sink.text, 'abc');
  assert.equal(sink.ending, 'end');
  assert.equal(stream.credit, 3);
});

test('small pieces that wait are put together', () => {
  const { body, sink, strict, stream, arrive } = makeBody();
  for (let index = 0; index < 100_000; index++) arrive('x');
  body.sendTo(strict);
  assert.equal(sink.text, 'x'.repeat(100_000));
  assert.ok(sink.chunks <= 10, `${sink.chunks} chunks`);
  assert.equal(stream.credit, 100_000);
});

test('the last bytes are held until END_STREAM has come (RFC 9113 §8.1.1)', () => {
  const { body, sink, strict, stream, arrive } = makeBody(4);
  body.sendTo(strict);
  arrive('ab');
  assert.equal(sink.text, 'ab');
  arrive('cd');
  assert.equal(sink.text, 'ab');
  assert.equal(stream.credit, 2);
  body.ended();
  assert.equal(sink.text, 'abcd');
  assert.equal(sink.ending, 'end');
  assert.equal(stream.credit, 4);
});

test('more than Content-Length, less than it, and too much break the body once', () => {
  const more = makeBody(3);
  more.body.sendTo(more.strict);
  more.arrive('ab');
  more.arrive('cd');
  more.arrive('ef');
  more.body.ended();
  assert.equal(more.sink.text, 'ab');
  assert.equal(more.sink.ending, 'request_malformed');
  assert.deepEqual(more.heard, ['wanted', 'broken request_malformed']);

  const less = makeBody(3);
  less.body.sendTo(less.strict);
  less.arrive('ab');
  less.body.ended();
  assert.equal(less.sink.ending, 'request_malformed');

  const much = makeBody(undefined, 3);
  much.body.sendTo(much.strict);
  much.arrive('abc');
  much.arrive('d');
  assert.equal(much.sink.text, 'abc');
  assert.equal(much.sink.ending, 'request_body_too_large');
  much.body.cancel(GONE);
  assert.deepEqual(much.heard, ['wanted', 'broken request_body_too_large']);
});

test('an error that comes before the sink is told when it is there', () => {
  const { body, sink, strict, arrive } = makeBody(1);
  arrive('ab');
  body.sendTo(strict);
  assert.equal(sink.ending, 'request_malformed');
  assert.equal(body.isWaiting, false);
});

/** Each octet that came is paid back once, whatever ended the body before its rest was dropped. */
const ENDS: readonly (readonly [name: string, end: (made: ReturnType<typeof makeBody>) => void])[] = [
  ['cancelled', ({ body }) => body.cancel(GONE)],
  ['failed', ({ body }) => body.fail(GONE)],
  ['too large', ({ arrive }) => arrive('x'.repeat(100))],
  [
    'cancelled by the sink as it is written to',
    ({ body, sink, strict }) => {
      sink.onWrite = () => body.cancel(GONE);
      sink.takes = false;
      strict.onDrained?.();
    },
  ],
];
for (const [name, end] of ENDS) {
  test(`credit is exact when the body was ${name}`, () => {
    const made = makeBody(undefined, 50);
    const { body, sink, strict, stream, arrive } = made;
    body.sendTo(strict);
    arrive('abc');
    sink.takes = false;
    arrive('de');
    arrive('fgh');
    end(made);
    arrive('ijkl');
    const size = name === 'too large' ? 112 : 12;
    assert.ok(stream.credit < size);
    body.skip();
    assert.equal(stream.credit, size);
    strict.onDrained?.();
    body.skip();
    assert.equal(stream.credit, size);
  });
}

test('after cancel the sink hears nothing, not even the end', () => {
  const { body, sink, strict, heard, arrive } = makeBody();
  body.sendTo(strict);
  body.cancel(GONE);
  arrive('abc');
  body.ended();
  body.fail(GONE);
  body.cancel(GONE);
  assert.deepEqual([sink.text, sink.ending, body.isComplete], ['', '', false]);
  assert.deepEqual(heard, ['wanted', 'cancelled']);
});

test('trailers come with the end; a second head, and what is no trailer section, break the body', () => {
  const good = makeBody();
  good.body.sendTo(good.strict);
  good.arrive('abc');
  good.body.trailersArrived(['x-sum', '1'], true);
  good.body.ended();
  assert.equal(good.sink.ending, 'end x-sum,1');
  const bad: readonly (readonly [lines: readonly string[] | 'too-large', isEnd: boolean, code: string])[] = [
    [['x-sum', '1'], false, 'request_malformed'],
    [[':path', '/'], true, 'request_malformed'],
    [['X-Sum', '1'], true, 'request_malformed'],
    [['a', '1', 'b', '2', 'c', '3', 'd', '4'], true, 'request_head_too_large'],
    ['too-large', true, 'request_head_too_large'],
  ];
  for (const [lines, isEnd, code] of bad) {
    const { body, sink, strict } = makeBody();
    body.sendTo(strict);
    body.trailersArrived(lines, isEnd);
    body.ended();
    assert.equal(sink.ending, code);
  }
});
