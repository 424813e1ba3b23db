import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import {
  type Expectation,
  headOfNotModified,
  headOfRewritten,
  prepareForRewriting,
  tagToBackend,
  tagToPublic,
  trailersOfRewritten,
} from './head.ts';

const FINGERPRINT = '1f2e3d4c';
const OTHER = 'aaaaaaaa';
const body = { fingerprint: FINGERPRINT, isDecoded: false, decidedBy: [] };
const LAST_MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const DATED = `W/"lm.2ebc98a1;rw=${FINGERPRINT}"`;

describe('entity tags', () => {
  const rows: [string, string][] = [
    ['"abc"', `"abc;rw=${FINGERPRINT}"`],
    ['W/"abc"', `W/"abc;rw=${FINGERPRINT}"`],
    ['""', `";rw=${FINGERPRINT}"`],
  ];
  for (const [tag, tagged] of rows)
    test(tag, () => {
      assert.equal(tagToPublic(tag, FINGERPRINT), tagged);
      assert.equal(tagToBackend(tagged, FINGERPRINT), tag);
      assert.equal(tagToBackend(tagged, OTHER), undefined);
      assert.equal(tagToBackend(tag, FINGERPRINT), tag, 'one of a body that was not rewritten');
    });
  test('what is no tag stays', () => assert.equal(tagToPublic('abc', FINGERPRINT), 'abc'));
});

describe('headOfRewritten', () => {
  function after(
    lines: Record<string, string>,
    changes: Partial<Parameters<typeof headOfRewritten>[1]> = {},
  ): Record<string, string> {
    const headers = HeaderList.from(lines);
    headOfRewritten(headers, { ...body, ...changes });
    return Object.fromEntries(headers);
  }

  test('nothing is said of bytes that are not sent', () => {
    const gone = {
      'Content-Length': '5',
      'Content-MD5': 'x',
      Digest: 'x',
      'Content-Digest': 'x',
      'Repr-Digest': 'x',
      'Accept-Ranges': 'bytes',
    };
    assert.deepEqual(after({ ...gone, 'Content-Type': 'text/html' }), { 'Content-Type': 'text/html' });
  });

  test('the coding goes if it was undone', () => {
    assert.deepEqual(after({ 'Content-Encoding': 'gzip' }), { 'Content-Encoding': 'gzip' });
    assert.deepEqual(after({ 'Content-Encoding': 'gzip' }, { isDecoded: true }), {});
  });

  test('validators say under which configuration', () => {
    assert.deepEqual(after({ ETag: 'W/"a"' }), { ETag: `W/"a;rw=${FINGERPRINT}"` });
    assert.deepEqual(after({ 'Last-Modified': LAST_MODIFIED }), { 'Last-Modified': LAST_MODIFIED, ETag: DATED });
    assert.deepEqual(after({ 'Last-Modified': 'yesterday' }), { 'Last-Modified': 'yesterday' });
  });

  test('Vary only for what had a say', () => {
    const decidedBy = ['Sec-Fetch-Dest'];
    assert.deepEqual(after({}), {});
    assert.deepEqual(after({}, { decidedBy }), { Vary: 'Sec-Fetch-Dest' });
    assert.deepEqual(after({ Vary: 'Accept, sec-fetch-dest' }, { decidedBy }), { Vary: 'Accept, sec-fetch-dest' });
    assert.deepEqual(after({ Vary: '*' }, { decidedBy }), { Vary: '*' });
  });

  test('trailers', () => {
    const trailers = HeaderList.from({ 'Content-Digest': 'x', 'Server-Timing': 'y' });
    assert.deepEqual([...trailersOfRewritten(trailers)], [['Server-Timing', 'y']]);
    const others = HeaderList.from({ 'Server-Timing': 'y' });
    assert.equal(trailersOfRewritten(others), others);
  });
});

describe('prepareForRewriting', () => {
  const expected: Expectation = { fingerprint: FINGERPRINT, isRewritable: false, acceptEncoding: undefined };
  const rewritable: Expectation = { ...expected, isRewritable: true };
  const ours = `"a;rw=${FINGERPRINT}"`;
  const foreign = `"a;rw=${OTHER}"`;
  const rows: [string, Expectation, Record<string, string>, Record<string, string>][] = [
    ['our tag', expected, { 'If-None-Match': ours }, { 'If-None-Match': '"a"' }],
    [
      'several tags',
      expected,
      { 'If-None-Match': `${ours}, W/"b;rw=${FINGERPRINT}", "c"` },
      { 'If-None-Match': '"a", W/"b", "c"' },
    ],
    ['any', expected, { 'If-None-Match': '*' }, { 'If-None-Match': '*' }],
    ['a tag of another configuration', expected, { 'If-None-Match': foreign }, {}],
    ['and its date', expected, { 'If-None-Match': foreign, 'If-Modified-Since': LAST_MODIFIED }, {}],
    ['one of ours among them', expected, { 'If-None-Match': `${foreign}, ${ours}` }, { 'If-None-Match': '"a"' }],
    [
      'a tag of no rewriting',
      expected,
      { 'If-None-Match': '"a"', 'If-Modified-Since': LAST_MODIFIED },
      { 'If-None-Match': '"a"', 'If-Modified-Since': LAST_MODIFIED },
    ],
    [
      'a dated tag',
      expected,
      { 'If-None-Match': DATED, 'If-Modified-Since': LAST_MODIFIED },
      { 'If-Modified-Since': LAST_MODIFIED },
    ],
    [
      'a dated tag of another configuration',
      expected,
      { 'If-None-Match': `W/"lm.2ebc98a1;rw=${OTHER}"`, 'If-Modified-Since': LAST_MODIFIED },
      {},
    ],
    [
      'a bare date, something else',
      expected,
      { 'If-Modified-Since': LAST_MODIFIED },
      { 'If-Modified-Since': LAST_MODIFIED },
    ],
    ['a bare date, a page', rewritable, { 'If-Modified-Since': LAST_MODIFIED }, {}],
    ['If-Match', expected, { 'If-Match': ours }, { 'If-Match': '"a"' }],
    [
      'If-Match of another configuration must fail',
      expected,
      { 'If-Match': foreign },
      { 'If-Match': '"portico-no-such-configuration"' },
    ],
    [
      'a range of something else',
      expected,
      { Range: 'bytes=0-1', 'If-Range': '"v"' },
      { Range: 'bytes=0-1', 'If-Range': '"v"' },
    ],
    [
      'a range of what we rewrote',
      expected,
      { Range: 'bytes=0-1', 'If-Range': ours },
      { Range: 'bytes=0-1', 'If-Range': '"a"' },
    ],
    ['a range of another configuration', expected, { Range: 'bytes=0-1', 'If-Range': foreign }, {}],
    [
      'a range with a date',
      expected,
      { Range: 'bytes=0-1', 'If-Range': LAST_MODIFIED },
      { Range: 'bytes=0-1', 'If-Range': LAST_MODIFIED },
    ],
    ['a range of a page', rewritable, { Range: 'bytes=0-1', 'If-Range': '"v"' }, {}],
    [
      'codings',
      { ...expected, acceptEncoding: 'identity' },
      { 'Accept-Encoding': 'zstd' },
      { 'Accept-Encoding': 'identity' },
    ],
    ['codings, none given', { ...expected, acceptEncoding: 'gzip' }, {}, { 'Accept-Encoding': 'gzip' }],
  ];
  for (const [name, expectation, lines, wanted] of rows)
    test(name, () => {
      const headers = HeaderList.from(lines);
      prepareForRewriting(headers, expectation);
      assert.deepEqual(Object.fromEntries(headers), wanted);
    });

  test('a 304 for a body of ours has the tag that the client knows', () => {
    for (const own of [ours, `"a;rw=${expected.fingerprint}.gzip"`]) {
      const headers = HeaderList.from({ ETag: '"a"', 'Content-Length': '7' });
      headOfNotModified(headers, `"z", ${own}`, body);
      assert.deepEqual(Object.fromEntries(headers), { ETag: own });
    }
  });

  test('a 304 that has no tag stands for the body of the tag that was sent', () => {
    const own = `W/"lm.2ebcb5a1;rw=${expected.fingerprint}"`;
    const headers = HeaderList.from({ 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' });
    headOfNotModified(headers, own, body);
    assert.equal(headers.get('etag'), own);
  });

  test('a 304 for another body stays as it is', () => {
    for (const own of ['"a"', undefined, `"b;rw=${expected.fingerprint}"`, '"a;rw=00000000"']) {
      const headers = HeaderList.from({ ETag: '"a"' });
      headOfNotModified(headers, own, body);
      assert.deepEqual(Object.fromEntries(headers), { ETag: '"a"' }, own);
    }
  });
});
