// MB per CPU second of HTML rewriting, in pieces of 64 KiB through the sink: `node dist/bench/micro/rewrite-html/scanner.js`.
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { rewriteTransform } from '../../../src/rewrite/languages.ts';
import { UrlMap } from '../../../src/rewrite/url-map.ts';
import { BACKEND } from './inputs.ts';
import { measure, PAGES } from './measure.ts';

const PIECE_BYTES = 65536;
const backend = parseBaseUrl(BACKEND);
const MAPS = {
  'path mount': new UrlMap({ public: parseBaseUrl('https://example.com/app/'), backend }),
  'root mount': new UrlMap({ public: parseBaseUrl('https://example.com/'), backend }),
};

const [wanted = ''] = process.argv.slice(2);
for (const [mount, map] of Object.entries(MAPS)) {
  for (const [name, page] of Object.entries(PAGES)) {
    const label = `${mount}, ${name}`;
    if (label.includes(wanted)) measure(label, page, () => rewrite(map, page));
  }
}

function rewrite(map: UrlMap, page: Buffer): number {
  let written = 0;
  const sink = rewriteTransform(map, { language: 'html', charset: 'utf-8' })({
    onDrained: undefined,
    write(chunk, release) {
      written += chunk.length;
      release?.();
      return true;
    },
    end() {},
    abort() {},
  });
  for (let from = 0; from < page.length; from += PIECE_BYTES) {
    sink.write(page.subarray(from, from + PIECE_BYTES), () => {});
  }
  sink.end();
  return written;
}
