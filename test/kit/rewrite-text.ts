// Rewrites whole texts the way the proxy does, for tables of cases: at every split the same, or the test fails.
import assert from 'node:assert/strict';
import { parseBaseUrl } from '../../src/rewrite/base-url.ts';
import type { HtmlOptions } from '../../src/rewrite/html/html-scanner.ts';
import { rewriteTransform } from '../../src/rewrite/languages.ts';
import type { Language } from '../../src/rewrite/select.ts';
import { UrlMap } from '../../src/rewrite/url-map.ts';
import { everySplit } from './every-split.ts';
import { runTransform } from './transform.ts';

/** The map of most examples: `http://127.0.0.1:8080/` seen as `https://example.com/app/`. */
export const exampleMap = new UrlMap({
  public: parseBaseUrl('https://example.com/app/'),
  backend: parseBaseUrl('http://127.0.0.1:8080/'),
});

/** `text` (latin1) rewritten in one piece. */
export function rewriteWhole(text: string, language: Language, map = exampleMap, options: HtmlOptions = {}): string {
  const transform = rewriteTransform(map, { language, charset: undefined }, options);
  return runTransform(transform, [Buffer.from(text, 'latin1')]).bytes.toString('latin1');
}

/** Checks that `input` becomes `expected`, whole and at every split. `options` is asked for each run anew. */
export function assertRewritten(
  language: Language,
  input: string,
  expected: string,
  options: () => HtmlOptions = () => ({}),
  map = exampleMap,
): void {
  everySplit(
    Buffer.from(input, 'latin1'),
    (pieces) => {
      const { bytes } = runTransform(rewriteTransform(map, { language, charset: 'utf-8' }, options()), pieces);
      assert.equal(bytes.toString('latin1'), expected);
    },
    { randomSplits: 3 },
  );
}
