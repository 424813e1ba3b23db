// Tests of what is put into a head: where the head begins and ends, before which scripts, and the merge of import maps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, serialize } from 'parse5';
import { assertRewritten, exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import type { HtmlFindings } from './findings.ts';
import type { HeadInsertion, ScriptPlace } from './head-insertion.ts';

const TIMEOUT = { timeout: 300_000 };

/** Marks every place: `[S]` head start, `[E]` head end, `[classic:rooted]` before a script. */
class Marks implements HeadInsertion {
  readonly #separator: string;

  constructor(separator = '') {
    this.#separator = separator;
  }

  atHeadStart(): string {
    return `<s>${this.#separator}`;
  }

  beforeScript(script: ScriptPlace, findings: HtmlFindings): string {
    const before = findings.scripts.rooted + findings.scripts.none + findings.scripts.relative;
    return `<${script.kind}:${script.form}:${before}>`;
  }

  atHeadEnd(): string {
    return '<e>';
  }

  mergeImportMap(text: string): string {
    return `{"merged":${text}}`;
  }
}

const marks = () => ({ insertion: new Marks() });

function check(cases: readonly (readonly [input: string, expected: string])[]): void {
  for (const [input, expected] of cases) assertRewritten('html', input, expected, marks);
}

test('insertion: where the head begins and ends', TIMEOUT, () => {
  check([
    [
      '<!DOCTYPE html><html><head><title>x</title></head><body>',
      '<!DOCTYPE html><html><head><s><title>x</title><e></head><body>',
    ],
    ['<html>\n<HEAD lang=a>\n</HEAD>', '<html>\n<HEAD lang=a><s>\n<e></HEAD>'],
    [' <!-- a --> <title>x</title><p>', ' <!-- a --> <s><title>x</title><e><p>'],
    ['<p>x', '<s><e><p>x'],
    ['  x', '  <s><e>x'],
    ['http://127.0.0.1:8080/x', '<s><e>https://example.com/app/x'],
    ['<html> http://127.0.0.1:8080/x <p>', '<html> <s><e>https://example.com/app/x <p>'],
    ['</p></b></head><p>', '</p></b><s><e></head><p>'],
    ['</br>x', '<s><e></br>x'],
    ['<head><meta charset=a>x', '<head><s><meta charset=a><e>x'],
    ['<head><meta charset=a>', '<head><s><meta charset=a><e>'],
    ['<head></body>', '<head><s><e></body>'],
    ['<head></b><link></html>', '<head><s></b><link><e></html>'],
    [
      '<head><noscript><p>x</p></noscript><template><p></template><div>',
      '<head><s><noscript><p>x</p></noscript><template><p></template><e><div>',
    ],
    ['<body class=a>', '<s><e><body class=a>'],
    ['<frameset>', '<s><e><frameset>'],
    ['<svg><style>a{b:url(/x)}</style>', '<s><e><svg><style>a{b:url(/app/x)}</style>'],
    ['\xef\xbb\xbf<!DOCTYPE html>\n<p>', '\xef\xbb\xbf<!DOCTYPE html>\n<s><e><p>'],
    ['\xef\xbb\xbfx', '\xef\xbb\xbf<s><e>x'],
    ['\xef\xbc\x81x', '<s><e>\xef\xbc\x81x'],
    ['', ''],
    ['<!-- only -->', '<!-- only -->'],
    ['<html>', '<html>'],
    ['<head', '<head'],
  ]);
});

test('insertion: before scripts that run', TIMEOUT, () => {
  check([
    [
      '<head><script>1</script><script src="/a"></script><script type=module src=b></script></head>',
      '<head><s><classic:none:0><script>1</script><classic:rooted:1><script src="/app/a"></script><module:relative:2><script type=module src=b></script><e></head>',
    ],
    ['<p><script type="text/x">1</script>', '<s><e><p><script type="text/x">1</script>'],
    [
      '<link rel=modulepreload href=/m><link rel=icon href=/i>',
      '<s><module-preload:rooted:0><link rel=modulepreload href=/app/m><link rel=icon href=/app/i><e>',
    ],
    ['<template><script></script></template>', '<s><template><script></script></template><e>'],
    ['<noscript><script></script></noscript>', '<s><noscript><script></script></noscript><e>'],
    ['<script data-no-rewrite src=/x></script>', '<s><classic:rooted:0><script data-no-rewrite src=/x></script><e>'],
  ]);
});

test('insertion: the first import map is merged, others and long ones are only rewritten', TIMEOUT, () => {
  check([
    [
      '<script type=importmap>{"imports":{"a":"/a"}}</script><script type=importmap>{"imports":{"b":"/b"}}</script>',
      '<s><import-map:none:0><script type=importmap>{"merged":{"imports":{"a":"/app/a"}}}</script><import-map:none:0><script type=importmap>{"imports":{"b":"/app/b"}}</script><e>',
    ],
    [
      '<template><script type=importmap>{}</script></template>',
      '<s><template><script type=importmap>{}</script></template><e>',
    ],
    [
      '<script type=importmap>{"imports":{"a":"/a"}}',
      '<s><import-map:none:0><script type=importmap>{"merged":{"imports":{"a":"/app/a"}}}',
    ],
  ]);
  const long = `<script type=importmap>{"imports":{"x":"${'y'.repeat(3000)}","a":"/a"}}</script>`;
  const options = () => ({ insertion: new Marks(), maxHeldBytes: 1024 });
  assertRewritten('html', long, `<s><import-map:none:0>${long.replace('"/a"', '"/app/a"')}<e>`, options);
});

test('insertion: nothing is put into documents inside documents', TIMEOUT, () => {
  check([['<iframe srcdoc="<head></head>">', '<s><e><iframe srcdoc="<head></head>">']]);
});

test('insertion: the parser agrees that it stands first in the head', TIMEOUT, () => {
  const shim = '<script src="/app/.shim.js"></script>';
  const insertion: HeadInsertion = {
    atHeadStart: () => shim,
    beforeScript: () => '',
    atHeadEnd: () => '',
    mergeImportMap: (text) => text,
  };
  for (const html of [
    '<!DOCTYPE html><html lang=en><head><title>x</title></head><body>y',
    '<!-- a --><!DOCTYPE html>\n<title>x</title>y',
    '<p>y',
    'y',
    '<body class=a>y',
    '</head>y',
    '<html><link rel=icon href=x></html>',
  ]) {
    const tree = serialize(parse(rewriteWhole(html, 'html', exampleMap, { insertion })));
    assert.ok(tree.includes(`<head>${shim}`), tree);
    assert.equal(tree.replace(shim, ''), serialize(parse(html)), html);
  }
});
