import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import { SLAB_BYTES } from '../util/slab-pool.ts';
import { type Body, bytesBody, collectBody, type Release, type Sink } from './body.ts';
import { ProxyError } from './errors.ts';
import { PromptBody } from './prompt-body.ts';

/** A source that a test pushes through. */
class Source implements Body {
  readonly length = undefined;
  readonly isEmpty = false;
  sink: Sink | undefined;
  drains = 0;
  cancelled: ProxyError | undefined;
  readonly #first: readonly string[];

  /** `first` is pushed when the source is started. */
  constructor(...first: readonly string[]) {
    this.#first = first;
  }

  sendTo(sink: Sink): void {
    this.sink = sink;
    sink.onDrained = () => this.drains++;
    for (const text of this.#first) sink.write(Buffer.from(text));
  }

  cancel(reason: ProxyError): void {
    this.cancelled = reason;
  }

  push(text: string, release?: Release): boolean {
    assert.ok(this.sink);
    return this.sink.write(Buffer.from(text), release);
  }

  end(): void {
    this.sink?.end();
  }
}

class Collector implements Sink {
  onDrained: (() => void) | undefined = undefined;
  answer = true;
  text = '';
  writes = 0;
  hasEnded = false;
  error: ProxyError | undefined;
  write(chunk: Buffer, release?: Release): boolean {
    this.text += chunk.toString('latin1');
    this.writes++;
    release?.();
    return this.answer;
  }
  end(): void {
    this.hasEnded = true;
  }
  abort(error: ProxyError): void {
    this.error = error;
  }
}

const large = 'x'.repeat(10_000);

describe('PromptBody', () => {
  test('a body that is over at once has its length, and answers at once', async () => {
    const prompt = new PromptBody(bytesBody('hello')).gather(true);
    assert.ok(prompt instanceof PromptBody);
    assert.equal(prompt.length, 5);
    assert.equal((await collectBody(prompt, 100, () => new ProxyError('internal_error'))).bytes.toString(), 'hello');
  });

  test('a body that is over in the same turn has its length', async () => {
    const source = new Source('he');
    const gathered = new PromptBody(source).gather(true);
    assert.ok(gathered instanceof Promise);
    await Promise.resolve();
    source.push('llo');
    source.end();
    const prompt = await gathered;
    assert.equal(prompt.length, 5);
    const out = new Collector();
    prompt.sendTo(out);
    assert.deepEqual([out.text, out.hasEnded], ['hello', true]);
  });

  test('a body that pauses begins with what is there, and has no length', async () => {
    const source = new Source('first ');
    const prompt = await new PromptBody(source).gather(true);
    assert.equal(prompt.length, undefined);
    const out = new Collector();
    prompt.sendTo(out);
    assert.deepEqual([out.text, out.hasEnded], ['first ', false]);
    source.push('second');
    source.end();
    assert.deepEqual([out.text, out.hasEnded], ['first second', true]);
  });

  test('a body that is over and was not taken is there whole, in one piece', async () => {
    const source = new Source('he');
    const gathered = new PromptBody(source).gather(true);
    source.push('llo');
    source.end();
    const prompt = await gathered;
    assert.equal(prompt.gatheredWhole?.toString(), 'hello');
    prompt.sendTo(new Collector());
    assert.equal(prompt.gatheredWhole, undefined);
  });

  test('one that goes on, was cut, has trailers or did not fit is not there whole', async () => {
    const ends: readonly ((source: Source) => void)[] = [
      () => {},
      (source) => source.sink?.abort(new ProxyError('upstream_closed')),
      (source) => source.sink?.end(new HeaderList()),
      (source) => {
        while (source.push('y'.repeat(64 * 1024)));
        source.end();
      },
    ];
    for (const end of ends) {
      const source = new Source('some');
      const gathered = new PromptBody(source).gather(true);
      end(source);
      assert.equal((await gathered).gatheredWhole, undefined);
    }
  });

  test('a body with trailers has no length', async () => {
    const source = new Source('all');
    const gathered = new PromptBody(source).gather(true);
    source.sink?.end(new HeaderList());
    assert.equal((await gathered).length, undefined);
  });

  test('no more is gathered than a slab holds, and the source waits until it is taken', async () => {
    const source = new Source();
    const gathered = new PromptBody(source).gather(true);
    let count = 0;
    while (source.push('y'.repeat(SLAB_BYTES / 4))) count++;
    assert.equal(count, 4);
    const prompt = await gathered;
    assert.equal(source.drains, 0);
    const out = new Collector();
    prompt.sendTo(out);
    assert.equal(out.text.length, (5 * SLAB_BYTES) / 4);
    assert.equal(source.drains, 1);
  });

  test('what comes between the end of the turn and the sink is kept in order', async () => {
    const source = new Source('one ');
    const prompt = new PromptBody(source).gather(false);
    assert.ok(prompt instanceof PromptBody);
    assert.equal(source.push('two '), false);
    source.push('three');
    source.end();
    assert.equal(prompt.length, 13);
    const out = new Collector();
    prompt.sendTo(out);
    assert.deepEqual([out.text, out.hasEnded], ['one two three', true]);
  });

  test('lent chunks are put together and given back; the first waits for the second', async () => {
    const source = new Source();
    const gathered = new PromptBody(source).gather(true);
    const released: number[] = [];
    source.push(large, () => released.push(1));
    assert.equal(released.length, 0);
    source.push('small', () => released.push(2));
    assert.deepEqual(released, [1, 2]);
    source.push(large, () => released.push(3));
    source.end();
    const out = new Collector();
    (await gathered).sendTo(out);
    assert.deepEqual(released, [1, 2, 3]);
    assert.equal(out.text, `${large}small${large}`);
    assert.equal(out.writes, 1);
  });

  test('a sink that says "wait" is waited for', async () => {
    const source = new Source();
    const gathered = new PromptBody(source).gather(true);
    while (source.push(large.repeat(8)));
    const out = new Collector();
    out.answer = false;
    (await gathered).sendTo(out);
    assert.equal(source.drains, 0);
    out.onDrained?.();
    assert.equal(source.drains, 1);
  });

  test('a body that breaks is cut behind what came', async () => {
    const source = new Source('part');
    const gathered = new PromptBody(source).gather(true);
    const error = new ProxyError('response_truncated');
    source.sink?.abort(error);
    const prompt = await gathered;
    assert.equal(prompt.length, undefined);
    const out = new Collector();
    prompt.sendTo(out);
    assert.deepEqual([out.text, out.error], ['part', error]);
  });

  test('given up while it is gathered: the source hears of it, lent memory goes back, nobody waits for ever', async () => {
    const source = new Source();
    const prompt = new PromptBody(source);
    const gathered = prompt.gather(true);
    let released = 0;
    source.push(large, () => released++);
    const reason = new ProxyError('client_gone');
    prompt.cancel(reason);
    assert.equal(await gathered, prompt);
    assert.equal(source.cancelled, reason);
    assert.equal(released, 1);
    source.push(large, () => released++);
    assert.equal(released, 2);
    const out = new Collector();
    prompt.sendTo(out);
    assert.equal(out.text, '');
  });
});
