// Preconditions: every header alone, their precedence, and If-Range.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluatePreconditions, isRangeWanted, type PreconditionResult, type Validators } from './conditional.ts';
import { HeaderList } from './header-list.ts';

const CHANGED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT';
const changedMs = Date.parse(CHANGED);
const current: Validators = { etag: '"now"', lastModifiedMs: changedMs + 400 };
const weak: Validators = { etag: 'W/"now"', lastModifiedMs: changedMs };
const bare: Validators = { etag: undefined, lastModifiedMs: undefined };

type Row = [method: string, headers: Record<string, string>, current: Validators | undefined, PreconditionResult];

test('evaluatePreconditions: each header alone', () => {
  const rows: Row[] = [
    ['GET', {}, current, 'proceed'],
    ['GET', {}, undefined, 'proceed'],
    ['GET', { 'If-None-Match': '"now"' }, current, 'not-modified'],
    ['HEAD', { 'If-None-Match': '"now"' }, current, 'not-modified'],
    ['GET', { 'If-None-Match': 'W/"now"' }, current, 'not-modified'],
    ['GET', { 'If-None-Match': '"now"' }, weak, 'not-modified'],
    ['GET', { 'If-None-Match': '"other", "now"' }, current, 'not-modified'],
    ['GET', { 'If-None-Match': '*' }, current, 'not-modified'],
    ['GET', { 'If-None-Match': '*' }, undefined, 'proceed'],
    ['GET', { 'If-None-Match': '"other"' }, current, 'proceed'],
    ['GET', { 'If-None-Match': 'now' }, current, 'proceed'],
    ['GET', { 'If-None-Match': '"now"' }, bare, 'proceed'],
    ['PUT', { 'If-None-Match': '*' }, current, 'failed'],
    ['PUT', { 'If-None-Match': '*' }, undefined, 'proceed'],
    ['DELETE', { 'If-None-Match': '"now"' }, current, 'failed'],
    ['GET', { 'If-Match': '"now"' }, current, 'proceed'],
    ['GET', { 'If-Match': '"other"' }, current, 'failed'],
    ['PUT', { 'If-Match': '"now"' }, weak, 'failed'],
    ['PUT', { 'If-Match': 'W/"now"' }, weak, 'failed'],
    ['PUT', { 'If-Match': '*' }, current, 'proceed'],
    ['PUT', { 'If-Match': '*' }, undefined, 'failed'],
    ['PUT', { 'If-Match': 'now' }, current, 'failed'],
    ['PUT', { 'If-Match': '"now"' }, bare, 'failed'],
    ['GET', { 'If-Modified-Since': CHANGED }, current, 'not-modified'],
    ['GET', { 'If-Modified-Since': AFTER }, current, 'not-modified'],
    ['GET', { 'If-Modified-Since': BEFORE }, current, 'proceed'],
    ['GET', { 'If-Modified-Since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, current, 'not-modified'],
    ['GET', { 'If-Modified-Since': 'yesterday' }, current, 'proceed'],
    ['GET', { 'If-Modified-Since': CHANGED }, bare, 'proceed'],
    ['POST', { 'If-Modified-Since': CHANGED }, current, 'proceed'],
    ['PUT', { 'If-Unmodified-Since': CHANGED }, current, 'proceed'],
    ['PUT', { 'If-Unmodified-Since': AFTER }, current, 'proceed'],
    ['PUT', { 'If-Unmodified-Since': BEFORE }, current, 'failed'],
    ['GET', { 'If-Unmodified-Since': BEFORE }, current, 'failed'],
    ['PUT', { 'If-Unmodified-Since': 'yesterday' }, current, 'proceed'],
    ['PUT', { 'If-Unmodified-Since': BEFORE }, bare, 'proceed'],
    ['OPTIONS', { 'If-Match': '"other"' }, current, 'proceed'],
    ['TRACE', { 'If-None-Match': '*' }, current, 'proceed'],
  ];
  assertRows(rows);
});

test('evaluatePreconditions: precedence of RFC 9110 §13.2.2', () => {
  assertRows([
    // If-Match beats If-Unmodified-Since, both ways.
    ['PUT', { 'If-Match': '"now"', 'If-Unmodified-Since': BEFORE }, current, 'proceed'],
    ['PUT', { 'If-Match': '"other"', 'If-Unmodified-Since': AFTER }, current, 'failed'],
    // If-None-Match beats If-Modified-Since, both ways.
    ['GET', { 'If-None-Match': '"other"', 'If-Modified-Since': AFTER }, current, 'proceed'],
    ['GET', { 'If-None-Match': '"now"', 'If-Modified-Since': BEFORE }, current, 'not-modified'],
    // A failed step 1 or 2 ends it, a passed one goes on.
    ['GET', { 'If-Match': '"other"', 'If-None-Match': '"now"' }, current, 'failed'],
    ['GET', { 'If-Match': '"now"', 'If-None-Match': '"now"' }, current, 'not-modified'],
    ['GET', { 'If-Unmodified-Since': AFTER, 'If-Modified-Since': AFTER }, current, 'not-modified'],
    ['GET', { 'If-Unmodified-Since': BEFORE, 'If-None-Match': '"now"' }, current, 'failed'],
  ]);
});

test('evaluatePreconditions: repeated lines join for tags and are ignored for dates', () => {
  const tags = HeaderList.from([
    ['If-None-Match', '"a"'],
    ['If-None-Match', '"now"'],
  ]);
  assert.equal(evaluatePreconditions('GET', tags, current), 'not-modified');
  const dates = HeaderList.from([
    ['If-Modified-Since', AFTER],
    ['If-Modified-Since', AFTER],
  ]);
  assert.equal(evaluatePreconditions('GET', dates, current), 'proceed');
});

test('isRangeWanted: strong tags and exact, settled dates only', () => {
  const later = changedMs + 5000;
  const rows: [Record<string, string>, Validators, number, boolean][] = [
    [{}, current, later, true],
    [{ 'If-Range': '"now"' }, current, later, true],
    [{ 'If-Range': '"other"' }, current, later, false],
    [{ 'If-Range': 'W/"now"' }, current, later, false],
    [{ 'If-Range': 'W/"now"' }, weak, later, false],
    [{ 'If-Range': '"now"' }, weak, later, false],
    [{ 'If-Range': '"now"' }, bare, later, false],
    [{ 'If-Range': CHANGED }, current, later, true],
    [{ 'If-Range': CHANGED }, current, changedMs + 999, false],
    [{ 'If-Range': CHANGED }, current, changedMs + 1000, true],
    [{ 'If-Range': BEFORE }, current, later, false],
    [{ 'If-Range': AFTER }, current, later, false],
    [{ 'If-Range': CHANGED }, bare, later, false],
    [{ 'If-Range': 'now' }, current, later, false],
    [{ 'If-Range': '' }, current, later, false],
  ];
  for (const [headers, validators, nowMs, expected] of rows)
    assert.equal(isRangeWanted(HeaderList.from(headers), validators, nowMs), expected, JSON.stringify(headers));
  const twice = HeaderList.from([
    ['If-Range', '"now"'],
    ['If-Range', '"now"'],
  ]);
  assert.equal(isRangeWanted(twice, current, later), false);
});

test('laws: what a client got is not modified; what it got is never refused by If-Match', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!#-~]{0,8}$/), fc.integer({ min: 0, max: 4e12 }), (opaque, epochMs) => {
      const validators = { etag: `"${opaque}"`, lastModifiedMs: epochMs };
      const date = new Date(epochMs).toUTCString();
      const ask = (headers: Record<string, string>) =>
        evaluatePreconditions('GET', HeaderList.from(headers), validators);
      assert.equal(ask({ 'If-None-Match': validators.etag }), 'not-modified');
      assert.equal(ask({ 'If-Modified-Since': date }), 'not-modified');
      assert.equal(ask({ 'If-Match': validators.etag, 'If-Unmodified-Since': date }), 'proceed');
    }),
  );
});

function assertRows(rows: readonly Row[]): void {
  for (const [method, headers, validators, expected] of rows) {
    const actual = evaluatePreconditions(method, HeaderList.from(headers), validators);
    assert.equal(actual, expected, `${method} ${JSON.stringify(headers)} ${JSON.stringify(validators)}`);
  }
}
