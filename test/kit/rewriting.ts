// The mount that most rewriting tests use, and a check that holds at every split.
import assert from 'node:assert/strict';
import { parseBaseUrl } from '../../src/rewrite/base-url.ts';
import { scanTransform } from '../../src/rewrite/scan-sink.ts';
import type { Scanner } from '../../src/rewrite/scanner.ts';
import { UrlMap, type UrlMapOptions } from '../../src/rewrite/url-map.ts';
import { everySplit } from './every-split.ts';
import { runTransform } from './transform.ts';
import { piecesOf } from './wire.ts';

/** `https://example.com/app/` in front of `http://127.0.0.1:8080/`. */
export const appMap: UrlMap = urlMap('https://example.com/app', 'http://127.0.0.1:8080');

/** A map from two texts. */
export function urlMap(publicUrl: string, backendUrl: string, options: Partial<UrlMapOptions> = {}): UrlMap {
  return new UrlMap({ public: parseBaseUrl(publicUrl), backend: parseBaseUrl(backendUrl), ...options });
}

/** Asserts what a scanner makes of `input` (latin1), whole, cut at every place, byte by byte and in random pieces. */
export function checkScanner(makeScanner: () => Scanner, input: string, expected: string): void {
  everySplit(
    Buffer.from(input, 'latin1'),
    (pieces) => {
      const { bytes } = runTransform(scanTransform(makeScanner), pieces);
      assert.equal(bytes.toString('latin1'), expected);
    },
    { randomSplits: 5 },
  );
}

/** {@link checkScanner} for long inputs: in pieces of a few sizes only. */
export function checkInPieces(makeScanner: () => Scanner, input: string, expected: string): void {
  const bytes = Buffer.from(input, 'latin1');
  for (const size of [1000, 4096, 65_536, Math.max(1, input.length)]) {
    const result = runTransform(scanTransform(makeScanner), [...piecesOf(bytes, size)]).bytes.toString('latin1');
    // Not assert.equal: its message would hold both texts.
    assert.ok(result === expected, `in pieces of ${size}: ${difference(result, expected)}`);
  }
}

function difference(actual: string, expected: string): string {
  let at = 0;
  while (actual[at] === expected[at] && at < expected.length) at++;
  return `at ${at}: ${actual.slice(at, at + 60)} instead of ${expected.slice(at, at + 60)}`;
}
