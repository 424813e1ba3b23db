import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { parseBaseUrl } from './base-url.ts';
import { type ScanTally, scanTransform } from './scan-sink.ts';
import { TextScanner } from './text/text-scanner.ts';
import { UrlMap } from './url-map.ts';

const map = new UrlMap({
  public: parseBaseUrl('https://example.com/app'),
  backend: parseBaseUrl('http://127.0.0.1:8080'),
});
const transform = (tally?: ScanTally) => scanTransform(() => new TextScanner(map), tally);

class Collector implements Sink {
  onDrained: (() => void) | undefined = undefined;
  answer = true;
  readonly chunks: Buffer[] = [];
  readonly texts: string[] = [];
  readonly releases: ((() => void) | undefined)[] = [];
  trailers: unknown;
  error: unknown;
  write(chunk: Buffer, release?: () => void): boolean {
    this.chunks.push(chunk);
    this.texts.push(chunk.toString('latin1'));
    this.releases.push(release);
    return this.answer;
  }
  end(trailers?: unknown): void {
    this.trailers = trailers;
  }
  abort(error: unknown): void {
    this.error = error;
  }
}

describe('scanTransform', () => {
  test('an unchanged chunk is the same Buffer, and its release goes with it', () => {
    const out = new Collector();
    const sink = transform()(out);
    const chunk = Buffer.from('nothing to change here\n');
    let released = 0;
    sink.write(chunk, () => released++);
    assert.equal(out.chunks[0], chunk);
    assert.equal(released, 0);
    out.releases[0]?.();
    assert.equal(released, 1);
  });

  test('a changed chunk is a new one, and the old is released at once', () => {
    const out = new Collector();
    let released = 0;
    transform()(out).write(Buffer.from('see http://127.0.0.1:8080/x\n'), () => released++);
    assert.deepEqual(out.texts, ['see https://example.com/app/x\n']);
    assert.equal(released, 1);
    assert.equal(out.releases[0], undefined);
  });

  test('only an unfinished URL is held back', () => {
    const tally = { edits: 0, heldBytes: 0 };
    const out = new Collector();
    const sink = transform(tally)(out);
    const chunk = Buffer.from('see http://127.0');
    sink.write(chunk, () => chunk.fill(0));
    assert.deepEqual(out.texts, ['see ']);
    out.releases[0]?.();
    sink.write(Buffer.from('.0.1:8080/x\n'));
    assert.equal(out.texts.join(''), 'see https://example.com/app/x\n');
    assert.deepEqual(tally, { edits: 1, heldBytes: 12 });
  });

  test('a large chunk behind something held is passed on as it is', () => {
    const out = new Collector();
    const sink = transform()(out);
    sink.write(Buffer.from('a http://'));
    const large = Buffer.from(`other.example/ ${'x'.repeat(100_000)}\n`);
    sink.write(large);
    assert.deepEqual(out.texts.slice(0, 2), ['a ', 'http://']);
    assert.equal(out.chunks[2], large);
  });

  test('what never becomes a URL goes out at the end', () => {
    const out = new Collector();
    const sink = transform()(out);
    const trailers = new HeaderList();
    sink.write(Buffer.from('http://127.0.0.1'));
    assert.deepEqual(out.texts, []);
    sink.end(trailers);
    assert.deepEqual(out.texts, ['http://127.0.0.1']);
    assert.equal(out.trailers, trailers);
  });

  test('back-pressure, draining and errors pass through', () => {
    const out = new Collector();
    const sink = transform()(out);
    const drained = () => {};
    sink.onDrained = drained;
    assert.equal(out.onDrained, drained);
    out.answer = false;
    assert.equal(sink.write(Buffer.from('x\n')), false);
    assert.equal(sink.write(Buffer.from('see http://127.0.0.1:8080/x\n')), false);
    assert.equal(sink.write(Buffer.from('http://127')), true, 'nothing was written, nothing is full');
    const error = new ProxyError('upstream_closed');
    sink.abort(error);
    assert.equal(out.error, error);
  });

  test('every body has a scanner of its own', () => {
    const shared = transform();
    const [first, second] = [new Collector(), new Collector()];
    const [one, two] = [shared(first), shared(second)];
    one.write(Buffer.from('http://127.0.'));
    two.write(Buffer.from('0.1:8080/x'));
    one.end();
    two.end();
    assert.equal(first.texts.join(''), 'http://127.0.');
    assert.equal(second.texts.join(''), '0.1:8080/x');
  });
});
