import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appMap, checkInPieces, checkScanner, urlMap } from '../../../test/kit/rewriting.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { scanTransform } from '../scan-sink.ts';
import { TextScanner } from './text-scanner.ts';

const text = () => new TextScanner(appMap);

describe('TextScanner', () => {
  const rows: [string, string][] = [
    ['see http://127.0.0.1:8080/x or //127.0.0.1:8080', 'see https://example.com/app/x or //example.com/app'],
    ['event: a\ndata: http:\\/\\/127.0.0.1:8080\\/y\n\n', 'event: a\ndata: https:\\/\\/example.com\\/app\\/y\n\n'],
    ['u=http%3A%2F%2F127.0.0.1%3A8080%2Fx&v', 'u=https%3A%2F%2Fexample.com%2Fapp%2Fx&v'],
    ['&#104;ttp&#x3A;&#47;&#x2f;127.0.0.1:8080', '&#104;ttp&#x3A;&#47;&#x2f;127.0.0.1:8080'],
    ['/x href="/y"', '/x href="/y"'],
    ['xhttp://127.0.0.1:8080 blob:http://127.0.0.1:8080', 'xhttp://127.0.0.1:8080 blob:http://127.0.0.1:8080'],
    [
      'http://user:pw@127.0.0.1:8080/ http://127.0.0.1:8080@evil/',
      'https://user:pw@example.com/app/ http://127.0.0.1:8080@evil/',
    ],
    [
      'https://cdn.example/?u=http%3A%2F%2F127.0.0.1%3A8080%2F&sig=1 x',
      'https://cdn.example/?u=http%3A%2F%2F127.0.0.1%3A8080%2F&sig=1 x',
    ],
    ['\xe9\xff\x00http://127.0.0.1:8080/\xe9', '\xe9\xff\x00https://example.com/app/\xe9'],
  ];
  for (const [input, expected] of rows) test(JSON.stringify(input), () => checkScanner(text, input, expected));

  test('nothing that ends an event, a line or a value is ever held back', () => {
    for (const piece of [
      'data: x\n\n',
      '{"a":1}',
      '{"a":[1,2]}',
      '{"u":"x"}',
      'http://127.0.0.1:8080/x\n',
      '"http://127.0.0.1:8080"',
      'done.',
      'a, b; c!\r\n',
    ]) {
      const out: string[] = [];
      const sink = scanTransform(text)({
        onDrained: undefined,
        write: (chunk) => out.push(chunk.toString('latin1')) > 0,
        end() {},
        abort() {},
      });
      sink.write(Buffer.from(piece, 'latin1'));
      const expected = piece.replace('http://127.0.0.1:8080', 'https://example.com/app');
      assert.equal(out.join(''), expected, JSON.stringify(piece));
    }
  });

  test('what is held back is bounded, whatever comes', { timeout: 300_000 }, () => {
    const endless = [
      '\\',
      '%25',
      '&amp;',
      '/',
      'h',
      ':',
      'http://',
      'http://a',
      '0',
      '%2F%2F',
      'http:\\/\\/u:p',
      '\\u002f',
    ];
    for (const piece of endless) {
      const tally = { edits: 0, heldBytes: 0 };
      const input = Buffer.from(piece.repeat(Math.ceil(200_000 / piece.length)));
      const { bytes } = runTransform(scanTransform(text, tally), [input.subarray(0, 100_003), input.subarray(100_003)]);
      assert.ok(bytes.equals(input), piece);
      assert.ok(tally.heldBytes <= 320, `${piece}: ${tally.heldBytes} bytes held`);
    }
  });

  test('a URL that goes on for ever is decided by its beginning', () => {
    const long = 'x'.repeat(50_000);
    checkInPieces(
      text,
      `http://127.0.0.1:8080/${long} http%3A%2F%2F127.0.0.1%3A8080%2F${long}`,
      `https://example.com/app/${long} https%3A%2F%2Fexample.com%2Fapp%2F${long}`,
    );
  });

  test('a host in every spelling of a mount', () => {
    const six = urlMap('https://example.com/app', 'http://[::1]:8080');
    checkScanner(
      () => new TextScanner(six),
      'a=http://[::1]:8080/x&b=http%3A%2F%2F%5b%3a%3a1%5d%3A8080%2Fx',
      'a=https://example.com/app/x&b=https%3A%2F%2Fexample.com%2Fapp%2Fx',
    );
  });
});
