// What bodies without a URL of the backend cost at a root mount, in CPU time per MB: `node dist/bench/micro/rewrite-html/without-hits.js`.

import type { Sink } from '../../../src/exchange/body.ts';
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { CssScanner } from '../../../src/rewrite/css/css-scanner.ts';
import { HtmlScanner } from '../../../src/rewrite/html/html-scanner.ts';
import { isUntouched, makeScanner } from '../../../src/rewrite/languages.ts';
import { scanTransform } from '../../../src/rewrite/scan-sink.ts';
import type { Scanner } from '../../../src/rewrite/scanner.ts';
import type { Language } from '../../../src/rewrite/select.ts';
import { UrlMap } from '../../../src/rewrite/url-map.ts';
import { XmlScanner } from '../../../src/rewrite/xml/xml-scanner.ts';
import { applicationPage, BACKEND, bookPage, sourcePage, styleSheet } from './inputs.ts';

const PIECE_BYTES = 65_536;
const ROUND_BYTES = 8_000_000;
const ROUNDS = 9;
const map = new UrlMap({ public: parseBaseUrl('https://example.com/'), backend: parseBaseUrl(BACKEND) });

function withoutHits(page: Buffer): Buffer {
  return Buffer.from(page.toString('latin1').replaceAll(BACKEND, '').replaceAll('8080', '8081'), 'latin1');
}

const feed = Buffer.from(
  `<?xml version="1.0"?><rss><channel>${'<item><title>one</title><link>/a/b</link><description>&lt;p&gt;some words of text&lt;/p&gt;</description></item>\n'.repeat(1500)}</channel></rss>`,
);
const json = Buffer.from(
  JSON.stringify(Array.from({ length: 2000 }, (_, id) => ({ id, url: `/items/${id}`, name: 'some words' }))),
);

const BODIES: readonly (readonly [string, Language, Buffer, () => Scanner])[] = [
  ...Object.entries({
    'page 100 kB': applicationPage(100_000),
    'book 240 kB': bookPage(240_000),
    'source 112 kB': sourcePage(112_000),
    'source 1.9 MB': sourcePage(1_900_000),
  }).map(([name, page]) => [name, 'html', withoutHits(page), () => new HtmlScanner(map)] as const),
  ['css 200 kB', 'css', withoutHits(styleSheet(200_000)), () => new CssScanner(map)],
  ['xml 150 kB', 'xml', feed, () => new XmlScanner(map, { css: new CssScanner(map) })],
  ['json 100 kB', 'json', json, () => make('json')],
];

function make(language: Language): Scanner {
  const scanner = makeScanner(language, map);
  if (scanner === undefined) throw new Error(language);
  return scanner;
}

const DISCARD: Sink = {
  onDrained: undefined,
  write(_, release) {
    release?.();
    return true;
  },
  end() {},
  abort() {},
};

function costOf(run: (body: Buffer) => void, body: Buffer): number {
  const before = process.cpuUsage();
  let bytes = 0;
  for (; bytes < ROUND_BYTES; bytes += body.length) run(body);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / (bytes / 1e6);
}

function inPieces(makeOne: () => Scanner): (body: Buffer) => void {
  const transform = scanTransform(makeOne);
  return (body) => {
    const sink = transform(DISCARD);
    for (let from = 0; from < body.length; from += PIECE_BYTES)
      sink.write(body.subarray(from, from + PIECE_BYTES), () => {});
    sink.end();
  };
}

function whole(language: Language): (body: Buffer) => void {
  return (body) => {
    if (!isUntouched(map, { language, charset: undefined }, {}, body)) throw new Error(`${language} has a hit`);
  };
}

for (const [name, language, body, atOnce] of BODIES) {
  const runs = [inPieces(() => make(language)), whole(language), inPieces(atOnce)];
  const costs = runs.map(() => [] as number[]);
  for (let round = -2; round < ROUNDS; round++) {
    for (const [index, run] of runs.entries()) {
      const figure = costOf(run, body);
      if (round >= 0) costs[index]?.push(figure);
    }
  }
  const middle = costs.map((list) => list.sort((one, other) => one - other)[list.length >> 1] ?? 0);
  const [deferred, wholeCost, now] = middle.map((cost) => cost.toFixed(2));
  process.stdout.write(`${name.padEnd(16)} deferred ${deferred} ms/MB, whole ${wholeCost}, at once ${now}\n`);
}
