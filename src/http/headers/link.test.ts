import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mapLinks } from './link.ts';
import { mapSrcset } from './srcset.ts';

const map = (url: string) => (url.startsWith('/') ? `/app${url}` : url);

describe('mapLinks', () => {
  const rows: [string, string][] = [
    ['</a>; rel=next, <b>; rel="prev"', '</app/a>; rel=next, <b>; rel="prev"'],
    ['</a>;rel="x, </y>";title="</z>" , </b>', '</app/a>;rel="x, </y>";title="</z>" , </app/b>'],
    ['</a>; anchor="/b"; rel="/c"', '</app/a>; anchor="/app/b"; rel="/c"'],
    ['</a>; anchor=/b', '</app/a>; anchor=/app/b'],
    [
      '</a>; imagesrcset="/1.png 1x, /2.png 2x"; as=image',
      '</app/a>; imagesrcset="/app/1.png 1x, /app/2.png 2x"; as=image',
    ],
    ['</a,b>; rel=x', '</app/a,b>; rel=x'],
    ['no link', 'no link'],
    ['</open', '</open'],
    ['', ''],
  ];
  for (const [value, expected] of rows) test(value, () => assert.equal(mapLinks(value, map), expected));
});

describe('mapSrcset', () => {
  const rows: [string, string][] = [
    ['/a.png 1x, /b.png 2x', '/app/a.png 1x, /app/b.png 2x'],
    ['/a.png,/b.png 2x', '/app/a.png,/b.png 2x'],
    ['/a.png, /b.png', '/app/a.png, /app/b.png'],
    ['data:image/png;base64,AA//BB== 1x, /b.png 2x', 'data:image/png;base64,AA//BB== 1x, /app/b.png 2x'],
    ['/a,b.png 100w, x 2x', '/app/a,b.png 100w, x 2x'],
    [' ,, /a.png\t1x(,) ,/b.png', ' ,, /app/a.png\t1x(,) ,/app/b.png'],
    ['', ''],
    [',', ','],
  ];
  for (const [value, expected] of rows) test(value, () => assert.equal(mapSrcset(value, map), expected));
});
