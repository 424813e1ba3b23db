import assert from 'node:assert/strict';
import test from 'node:test';
import { cssReferences, htmlReferences, type Reference } from './document-links.ts';

const HTML: readonly (readonly [html: string, found: readonly string[]])[] = [
  ['<a href=" /x?a&amp;b ">', ['page /x?a&b']],
  ['<A HREF=/x><area href="y">', ['page /x', 'page y']],
  ['<a href="#top"><a href=""><a>', []],
  ['<!-- <a href="/x"> --><script>"<a href=/y>"</script><title><a href=/z></title>', []],
  ['<img src="a.png" srcset="b.png 1x, c.png 2x">', ['asset a.png', 'asset b.png', 'asset c.png']],
  ['<script src="/x.js"></script><video poster=p src=v>', ['asset /x.js', 'asset v', 'asset p']],
  [
    '<link rel="stylesheet" href="s.css"><link rel=canonical href=/c><link rel="shortcut icon" href=i>',
    ['asset s.css', 'asset i'],
  ],
  ['<form action="/go"><button formaction="/other"></form>', ['form /go', 'form /other']],
  ['<iframe src="/f">', ['page /f']],
  ['<meta http-equiv="refresh" content="0; url=/next"><meta name=refresh content="0;url=/no">', ['page /next']],
  [
    '<p style="background: url(&quot;/b.png&quot;)"><style>a { mask: url(/m.svg) }</style>',
    ['asset /b.png', 'asset /m.svg'],
  ],
  ['<a href="/x" href="/y">', ['page /x']],
];

for (const [html, found] of HTML)
  test(html, () => assert.deepEqual(htmlReferences(Buffer.from(html)).references.map(print), found));

test('the first base counts', () => {
  assert.equal(htmlReferences(Buffer.from('<base target=_top><base href="/a/"><base href="/b/">')).base, '/a/');
});

test('style sheets', () => {
  const sheet =
    '@import "a.css"; @import url(b.css); a { b: url( "c d.png" ) url(\'e\') } /* url(no) */ f { g: url(\\2f h) }';
  assert.deepEqual(cssReferences(sheet).map(print), [
    'asset a.css',
    'asset b.css',
    'asset c d.png',
    'asset e',
    'asset /h',
  ]);
});

function print({ use, written }: Reference): string {
  return `${use} ${written}`;
}
