import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everySplit } from '../../test/kit/every-split.ts';
import { runTransform } from '../../test/kit/transform.ts';
import { HeaderList } from '../http/header-list.ts';
import { parseBaseUrl } from './base-url.ts';
import { type Leak, LeakDetector } from './leaks.ts';

const detector = new LeakDetector([parseBaseUrl('http://127.0.0.1:8080'), parseBaseUrl('http://backend.internal')]);

function leaksIn(text: string): string[] {
  const found: string[] = [];
  detector.checkBytes(Buffer.from(text, 'latin1'), ({ authority }) => found.push(authority));
  return found;
}

describe('LeakDetector', () => {
  const leaking = [
    ...[
      'http://127.0.0.1:8080/x',
      '127.0.0.1:8080',
      'http%3A%2F%2F127.0.0.1%3A8080',
      '127.0.0.1\\u003a8080',
      '127.0.0.1&#58;8080',
    ],
    ...[
      '"127.0.0.1:8080"',
      '\\n127.0.0.1:8080',
      '%22127.0.0.1:8080',
      '127.0.0.1:08080',
      '127.0.0.1:8080.',
      'x@127.0.0.1:8080',
    ],
  ];
  for (const text of leaking) test(`finds ${text}`, () => assert.deepEqual(leaksIn(text), ['127.0.0.1:8080']));

  const clean = [
    ...['127.0.0.1', '127.0.0.1:80801', '127.0.0.1:808', '1127.0.0.1:8080', '127.0.0.11:8080', 'a.127.0.0.1:8080'],
    ...[
      '127.0.0.1:8080.evil',
      '127.0.0.1:8080x',
      'backend.internals',
      'my-backend.internal',
      'backend.internal.evil',
      '',
    ],
    'http://backend.internal:8081/',
  ];
  for (const text of clean) test(`not ${JSON.stringify(text)}`, () => assert.deepEqual(leaksIn(text), []));

  test('hosts with a default port count by name', () => {
    assert.deepEqual(leaksIn('http://backend.internal/ and backend.internal:80.'), [
      'backend.internal',
      'backend.internal',
    ]);
  });

  test('headers, with a sample', () => {
    const leaks: Leak[] = [];
    const headers = HeaderList.from({ 'X-Node': 'see http://127.0.0.1:8080/x', Server: 'nginx' });
    detector.checkHeaders(headers, (leak) => leaks.push(leak));
    assert.deepEqual(leaks, [{ authority: '127.0.0.1:8080', place: 'x-node', sample: 'see http://127.0.0.1:8080/x' }]);
  });

  test('in a body: each once, at every split, and the body as it was', () => {
    const text = Buffer.from(`a 127.0.0.1:8080 ${'b'.repeat(900)} backend.internal c 127.0.0.1:80801 127.0.0.1:8080`);
    everySplit(text, (pieces) => {
      const found: string[] = [];
      const { bytes } = runTransform(
        detector.transform(({ authority }) => found.push(authority)),
        pieces,
      );
      assert.ok(bytes.equals(text));
      assert.deepEqual(found.sort(), ['127.0.0.1:8080', '127.0.0.1:8080', 'backend.internal']);
    });
  });

  test('passes chunks on as they are', () => {
    const chunk = Buffer.alloc(100_000, 0x78);
    let received: Buffer | undefined;
    const sink = detector.transform(() => {})({
      onDrained: undefined,
      write: (bytes) => {
        received = bytes;
        return true;
      },
      end() {},
      abort() {},
    });
    sink.write(chunk);
    assert.equal(received, chunk);
  });
});
