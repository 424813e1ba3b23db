import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowScript, mapPolicies, parseHostSource, parsePolicies, scriptNonce } from './content-security-policy.ts';

test('mapPolicies keeps white space, order and what is no source', () => {
  const mapping = { source: (source: string) => `<${source}>`, url: (url: string) => `[${url}]` };
  assert.equal(
    mapPolicies(" img-src  a 'self' * data: ;REPORT-URI /r;sandbox x;; , b c", mapping),
    " img-src  <a> 'self' * data: ;REPORT-URI [/r];sandbox x;; , b <c>",
  );
});

describe('parseHostSource', () => {
  const rows: [string, string | undefined][] = [
    ['https://a.example:1/x', 'https a.example 1 /x'],
    ['A.example', ' a.example  '],
    ['*.a.example:*', ' *.a.example * '],
    ['[::1]:80', ' [::1] 80 '],
    ["'self'", undefined],
    ['a b', undefined],
    ['http://a/?q', undefined],
  ];
  for (const [source, expected] of rows)
    test(source, () => {
      const parts = parseHostSource(source);
      assert.equal(parts && `${parts.scheme} ${parts.host} ${parts.port} ${parts.path}`, expected);
    });
});

test('parsePolicies: the first directive of a name counts', () => {
  assert.deepEqual(parsePolicies('img-src a; IMG-SRC b;;, x'), [
    [{ name: 'img-src', values: ['a'] }],
    [{ name: 'x', values: [] }],
  ]);
});

test('scriptNonce', () => {
  assert.equal(scriptNonce("script-src 'nonce-abc' x"), 'abc');
  assert.equal(scriptNonce("default-src 'nonce-d'; script-src 'nonce-s'; script-src-elem 'nonce-e'"), 'e');
  assert.equal(scriptNonce("style-src 'nonce-abc'"), undefined);
  assert.equal(scriptNonce(''), undefined);
});

describe('allowScript', () => {
  const rows: [string, string][] = [
    ['script-src a', 'script-src a S'],
    ["script-src 'none'; img-src b", 'script-src S; img-src b'],
    ['img-src b', 'img-src b'],
    ['default-src a; img-src b;', 'default-src a; img-src b; script-src-elem a S'],
    ['script-src a; script-src-elem b', 'script-src a; script-src-elem b S'],
    ['script-src a S', 'script-src a S'],
    ["default-src 'none', script-src x", "default-src 'none'; script-src-elem S, script-src x S"],
    ['', ''],
  ];
  for (const [policy, expected] of rows) test(policy, () => assert.equal(allowScript(policy, 'S'), expected));
});
