// MB per CPU second of the rewriters that are not HTML or CSS, in pieces of 64 KiB: `node dist/bench/micro/rewrite/bodies.js [words]`.

import type { Transform } from '../../../src/exchange/body.ts';
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { rewriteTransform } from '../../../src/rewrite/languages.ts';
import { LeakDetector } from '../../../src/rewrite/leaks.ts';
import { MountMap } from '../../../src/rewrite/mount-map.ts';
import type { Language } from '../../../src/rewrite/select.ts';
import { measure } from '../rewrite-html/measure.ts';
import { drawing, jsonRows, minifiedScript, siteMap } from './inputs.ts';

const PIECE_BYTES = 65_536;
const backends = [parseBaseUrl('http://127.0.0.1:8080')];
// As the proxy makes it: with the loopback names beside each other.
const map = new MountMap({ path: '/app/', backends }).forPublic('https', 'example.com');
const rootMap = new MountMap({ path: '/', backends }).forPublic('https', 'example.com');
const detector = new LeakDetector(backends);
const MEGABYTE = 1_000_000;

const rewrite = (language: Language, of = map) => rewriteTransform(of, { language, charset: 'utf-8' });
const CASES: Readonly<Record<string, readonly [Buffer, Transform]>> = {
  'JSON, no hit': [jsonRows(MEGABYTE, 0), rewrite('json')],
  'JSON, a hit in 1 kB': [jsonRows(MEGABYTE, 10), rewrite('json')],
  'JSON, a hit in 100 bytes': [jsonRows(MEGABYTE, 1), rewrite('json')],
  'JSON through the manifest walker': [jsonRows(MEGABYTE, 0), rewrite('manifest')],
  'script, path mount': [minifiedScript(MEGABYTE), rewrite('javascript')],
  'script, root mount': [minifiedScript(MEGABYTE), rewrite('javascript', rootMap)],
  'site map, no hit': [siteMap(MEGABYTE), rewrite('xml')],
  'drawing (SVG)': [drawing(MEGABYTE), rewrite('xml')],
  'leak search': [jsonRows(MEGABYTE, 0), detector.transform(() => {})],
};

const words = process.argv.slice(2);
for (const [name, [body, transform]] of Object.entries(CASES)) {
  if (words.length === 0 || words.some((word) => name.includes(word))) measure(name, body, () => run(transform, body));
}

function run(transform: Transform, body: Buffer): number {
  let written = 0;
  const sink = transform({
    onDrained: undefined,
    write(chunk, release) {
      written += chunk.length;
      release?.();
      return true;
    },
    end() {},
    abort() {},
  });
  for (let from = 0; from < body.length; from += PIECE_BYTES)
    sink.write(body.subarray(from, from + PIECE_BYTES), noRelease);
  sink.end();
  return written;
}

function noRelease(): void {}
