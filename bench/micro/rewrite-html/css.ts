// MB per CPU second of CSS rewriting: `node dist/bench/micro/rewrite-html/css.js`.
import { tokenize } from 'css-tree';
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { CssTokenizer } from '../../../src/rewrite/css/tokenizer.ts';
import { rewriteTransform } from '../../../src/rewrite/languages.ts';
import { UrlMap } from '../../../src/rewrite/url-map.ts';
import { BACKEND, styleSheet } from './inputs.ts';
import { measure } from './measure.ts';

const PIECE_BYTES = 65536;
const sheet = styleSheet(200_000);
const text = sheet.toString('latin1');
const backend = parseBaseUrl(BACKEND);
const map = new UrlMap({ public: parseBaseUrl('https://example.com/app/'), backend });

measure('css: rewriting, path mount', sheet, rewrite);
measure('css: tokenizer', sheet, scan);
measure('css: css-tree, tokens only', sheet, () => {
  let count = 0;
  tokenize(text, () => void count++);
  return count;
});

function rewrite(): number {
  let written = 0;
  const sink = rewriteTransform(map, { language: 'css', charset: 'utf-8' })({
    onDrained: undefined,
    write(chunk, release) {
      written += chunk.length;
      release?.();
      return true;
    },
    end() {},
    abort() {},
  });
  for (let from = 0; from < sheet.length; from += PIECE_BYTES)
    sink.write(sheet.subarray(from, from + PIECE_BYTES), () => {});
  sink.end();
  return written;
}

function scan(): number {
  let count = 0;
  const tokenizer = new CssTokenizer({ url: () => void count++, kept: () => void count++ });
  tokenizer.reset(0);
  tokenizer.scan(sheet, sheet.length, true);
  return count;
}
