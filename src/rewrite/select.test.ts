import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import { type ResponseFacts, type SelectOptions, SNIFF_BYTES, selectLanguage, sniffLanguage } from './select.ts';

function select(
  headers: Record<string, string>,
  facts: Partial<ResponseFacts> = {},
  options: SelectOptions = {},
): string {
  const selection = selectLanguage(
    { method: 'GET', status: 200, headers: HeaderList.from(headers), destination: undefined, ...facts },
    options,
  );
  return selection.language ?? selection.reason;
}

describe('selectLanguage by type', () => {
  const rows: [string, string][] = [
    ['text/html', 'html'],
    ['Text/HTML; charset=utf-8', 'html'],
    ['application/xhtml+xml', 'xhtml'],
    ['text/css', 'css'],
    ['application/javascript', 'javascript'],
    ['text/ecmascript', 'javascript'],
    ['application/json', 'json'],
    ['application/hal+json', 'json'],
    ['application/x-ndjson', 'json'],
    ['application/manifest+json', 'manifest'],
    ['application/importmap+json', 'importmap'],
    ['application/speculationrules+json', 'speculationrules'],
    ['image/svg+xml', 'xml'],
    ['application/dash+xml', 'xml'],
    ['text/xml', 'xml'],
    ['text/event-stream', 'text'],
    ['application/yaml', 'text'],
    ['application/vnd.apple.mpegurl', 'playlist'],
    ['application/samlmetadata+xml', 'type'],
    ['text/plain', 'type'],
    ['text/csv', 'type'],
    ['image/png', 'type'],
    ['application/octet-stream', 'type'],
    ['application/pdf', 'type'],
    ['multipart/form-data', 'type'],
    ['*/*', 'type'],
  ];
  for (const [type, expected] of rows) test(type, () => assert.equal(select({ 'Content-Type': type }), expected));
});

describe('selectLanguage by what the client will do with it', () => {
  const rows: [string, Record<string, string>, string, string][] = [
    ['a manifest served as JSON', { 'Content-Type': 'application/json' }, 'manifest', 'manifest'],
    ['a manifest served as text', { 'Content-Type': 'text/plain' }, 'manifest', 'manifest'],
    ['a script served as text', { 'Content-Type': 'text/plain' }, 'script', 'javascript'],
    ['a worker served as nothing', {}, 'worker', 'javascript'],
    [
      'a script that must not be sniffed',
      { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' },
      'script',
      'type',
    ],
    ['an image is no script', { 'Content-Type': 'image/png' }, 'script', 'type'],
    ['JSON as a module', { 'Content-Type': 'application/json' }, 'script', 'json'],
    ['a style without type', {}, 'style', 'css'],
    ['a document without type', {}, 'document', 'sniff'],
    ['a document without type that must not be sniffed', { 'X-Content-Type-Options': 'NoSniff' }, 'document', 'type'],
  ];
  for (const [name, headers, destination, expected] of rows)
    test(name, () => assert.equal(select(headers, { destination }), expected));
});

describe('selectLanguage leaves alone', () => {
  const html = { 'Content-Type': 'text/html' };
  const rows: [string, Record<string, string>, Partial<ResponseFacts>, string][] = [
    ['204', html, { status: 204 }, 'no-body'],
    ['304', html, { status: 304 }, 'no-body'],
    ['103', html, { status: 103 }, 'no-body'],
    ['206', html, { status: 206 }, 'partial'],
    ['a range in a 200', { ...html, 'Content-Range': 'bytes 0-1/2' }, {}, 'partial'],
    ['downloads', { ...html, 'Content-Disposition': 'Attachment; filename=x' }, {}, 'attachment'],
    ['not: inline', { ...html, 'Content-Disposition': 'inline' }, {}, 'html'],
    ['no-transform', { ...html, 'Cache-Control': 'private, No-Transform' }, {}, 'no-transform'],
    ['unknown codings', { ...html, 'Content-Encoding': 'dcb' }, {}, 'coding'],
    ['one unknown among known codings', { ...html, 'Content-Encoding': 'gzip, zstd' }, {}, 'coding'],
    ['not: known codings', { ...html, 'Content-Encoding': 'identity, GZIP, br' }, {}, 'html'],
    ['what the page has a hash of', html, { hasIntegrity: true }, 'integrity'],
    ['not: HEAD', html, { method: 'HEAD' }, 'html'],
  ];
  for (const [name, headers, facts, expected] of rows) test(name, () => assert.equal(select(headers, facts), expected));

  test('text and tables unless asked for', () => {
    assert.equal(select({ 'Content-Type': 'text/plain' }, {}, { plainText: true }), 'text');
    assert.equal(select({ 'Content-Type': 'text/csv' }, {}, { plainText: true }), 'text');
    assert.equal(select({ 'Content-Type': 'image/png' }, {}, { plainText: true }), 'type');
  });

  test('codings in the order they were applied', () => {
    const headers = HeaderList.from([
      ['Content-Type', 'text/css; Charset="UTF-8"'],
      ['Content-Encoding', 'gzip'],
      ['Content-Encoding', 'br'],
    ]);
    const selection = selectLanguage({ method: 'GET', status: 200, headers, destination: undefined });
    assert.deepEqual(selection, { language: 'css', charset: 'utf-8', codings: ['gzip', 'br'] });
  });
});

describe('sniffLanguage', () => {
  const rows: [string, string][] = [
    ['<!DOCTYPE html><p>', 'html'],
    ['  \n<HTML lang=x>', 'html'],
    ['\xef\xbb\xbf<script >', 'html'],
    ['<!-- x -->', 'html'],
    ['<p>x', 'html'],
    ['<br>', 'html'],
    ['<?xml version="1.0"?>', 'xml'],
    ['<pre>x', 'none'],
    ['<a', 'none'],
    ['{"a":1}', 'none'],
    ['text', 'none'],
    ['', 'none'],
  ];
  for (const [text, expected] of rows)
    test(JSON.stringify(text), () => {
      assert.equal(sniffLanguage(text, true), expected);
      // Shown a byte more each time, it answers at some point and does not change its mind.
      let known: string | undefined;
      for (let length = 0; length <= text.length; length++) {
        const answer = sniffLanguage(text.slice(0, length), false);
        assert.ok(known === undefined || answer === known, `changed its mind at ${length}`);
        known = answer;
      }
      assert.equal(sniffLanguage(text.slice(0, text.length), true), known ?? expected);
    });

  test('white space does not keep it waiting for ever', () => {
    assert.equal(sniffLanguage(' '.repeat(SNIFF_BYTES), false), 'none');
    assert.equal(sniffLanguage(' '.repeat(SNIFF_BYTES - 1), false), undefined);
  });
});
