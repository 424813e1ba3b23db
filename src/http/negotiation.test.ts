// Negotiation: media types, codings, languages; real headers of browsers and libraries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { namesMediaType, preferEncoding, preferLanguage, preferMediaType } from './negotiation.ts';

const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const JAVA = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';

test('preferMediaType', () => {
  const offers = ['text/plain', 'text/html', 'application/json'];
  const cases: [string | undefined, string | undefined][] = [
    [undefined, 'text/plain'],
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    [NAVIGATION, 'text/html'],
    [JAVA, 'text/html'],
    ['application/json, text/plain, */*', 'application/json'],
    ['text/plain, application/json', 'text/plain'],
    ['*/*, application/json', 'application/json'],
    ['application/json;q=0.5, text/html;q=0.4', 'application/json'],
    ['text/*', 'text/plain'],
    ['*', 'text/plain'],
    ['text/html;q=0.5, text/html, text/plain;q=0.6', 'text/plain'],
    ['application/json;q=., text/html;q=0.1', 'text/html'],
    ['text/*, text/plain;q=0.1', 'text/html'],
    ['text/*;q=0, */*', 'application/json'],
    ['*/*, text/plain;q=0, application/json;q=0.000', 'text/html'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;version=2', undefined],
    ['application/json;q=2, text/html', 'text/html'],
    ['application/json;q=, text/html', 'text/html'],
    ['APPLICATION/JSON;Q=1', 'application/json'],
    ['image/png', undefined],
    ['textual/*', undefined],
    ['*/*;q=0', undefined],
    [',,;,', undefined],
  ];
  for (const [accept, expected] of cases) assert.equal(preferMediaType(accept, offers), expected, accept);
});

test('namesMediaType: by name or by its type, not by a wildcard for everything', () => {
  const cases: [string | undefined, boolean][] = [
    [NAVIGATION, true],
    ['text/html', true],
    ['text/*', true],
    ['*/*', false],
    ['text/html;q=0, */*', false],
    ['application/json', false],
    [undefined, false],
    ['', false],
  ];
  for (const [accept, expected] of cases) assert.equal(namesMediaType(accept, 'text/html'), expected, accept);
});

test('preferEncoding: the order of the offers among equals, identity where nothing else is wanted', () => {
  const offers = ['br', 'zstd', 'gzip'];
  const cases: [string | undefined, string][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['deflate', 'identity'],
    ['*', 'br'],
    ['gzip, *;q=0', 'gzip'],
    ['br;q=0, *', 'zstd'],
    ['identity', 'identity'],
    ['identity, br', 'br'],
    ['identity, br;q=0.5', 'identity'],
    ['identity;q=0.5, br;q=0.6', 'br'],
    ['identity;q=0, deflate', 'identity'],
    ['*;q=0', 'identity'],
    ['gzip;q=0', 'identity'],
  ];
  for (const [accept, expected] of cases) assert.equal(preferEncoding(accept, offers), expected, accept);
  assert.equal(preferEncoding('gzip', []), 'identity');
});

test('preferLanguage: filtering by prefix first, then shorter ranges', () => {
  const offers = ['en', 'de-CH', 'de', 'zh-Hant'];
  const cases: [string | undefined, string | undefined][] = [
    [undefined, 'en'],
    ['de', 'de-CH'],
    ['de-DE, de;q=0.9', 'de-CH'],
    ['de-CH', 'de-CH'],
    ['DE-ch', 'de-CH'],
    ['en-GB', 'en'],
    ['fr, en-GB;q=0.5', 'en'],
    ['fr', undefined],
    ['zh', 'zh-Hant'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['fr, *;q=0.1', 'en'],
    ['en;q=0, *', 'de-CH'],
    ['en-GB, en;q=0', undefined],
  ];
  for (const [accept, expected] of cases) assert.equal(preferLanguage(accept, offers), expected, accept);
});

test('laws: the answer is an offer, and refusing it gives another one', () => {
  const offers = ['text/plain', 'text/html', 'application/json'];
  const range = fc.constantFrom(...offers, 'text/*', 'application/*', '*/*', 'image/png');
  const weight = fc.constantFrom('', ';q=0', ';q=0.3', ';q=1', ';q=0.999');
  const accepts = fc.array(fc.tuple(range, weight), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(accepts, (elements) => {
      const others = (refused?: string) =>
        elements.filter(([name]) => name !== refused).map(([name, quality]) => `${name}${quality}`);
      const best = preferMediaType(others().join(','), offers);
      if (best === undefined) return;
      assert.ok(offers.includes(best));
      assert.notEqual(preferMediaType([...others(best), `${best};q=0`].join(','), offers), best);
    }),
  );
});
