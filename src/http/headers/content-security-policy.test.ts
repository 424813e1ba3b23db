import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  admitScript,
  allowScript,
  allowsOwnBase,
  letScriptsIn,
  mapPolicies,
  parseHostSource,
  parsePolicies,
  runsScripts,
  scriptNonce,
} from './content-security-policy.ts';

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

const SELF = { scheme: 'https', host: 'example.com', port: 443 };
const FILE = '/app/own.js';

const ADMISSIONS: readonly (readonly [policies: string, external: boolean, inline: boolean])[] = [
  ['', true, true],
  ["img-src 'none'", true, true],
  ["script-src 'self'", true, false],
  ["script-src 'self' 'unsafe-inline'", true, true],
  ["script-src 'unsafe-inline' 'sha256-x'", false, false],
  ["script-src 'strict-dynamic' 'self'", false, false],
  ['script-src https:', true, false],
  ['script-src http:', true, false],
  ['script-src *', true, false],
  ['script-src example.com', true, false],
  ['script-src *.com:443/app/', true, false],
  ['script-src http://example.com/app/own.js', true, false],
  ['script-src example.com/app/other.js', false, false],
  ['script-src example.com:8080 https://other.example *.example.com', false, false],
  ["default-src 'none'", false, false],
  ["default-src 'none'; script-src-elem 'self'", true, false],
  ["script-src 'self', script-src 'none'", false, false],
  ["script-src 'nonce-n' 'strict-dynamic'", true, true],
  ["script-src 'nonce-n', script-src 'self'", true, false],
];

for (const [policies, external, inline] of ADMISSIONS) {
  test(`admitScript: ${policies}`, () => {
    assert.deepEqual(admitScript(policies, SELF, FILE, 'n'), { external, inline });
  });
}

test('letScriptsIn adds to each policy what it lacks', () => {
  const sources = { url: 'https://example.com/app/own.js', hash: "'sha256-file'", inlineHash: "'sha256-text'" };
  const letIn = (value: string) => letScriptsIn(value, SELF, FILE, undefined, sources);
  assert.equal(letIn("script-src 'self'; img-src *"), "script-src 'self' 'sha256-text'; img-src *");
  assert.equal(letIn("img-src *, script-src 'none'"), `img-src *, script-src ${sources.url} 'sha256-text'`);
  assert.equal(
    letIn("script-src 'sha256-x' 'strict-dynamic'"),
    "script-src 'sha256-x' 'strict-dynamic' 'sha256-file' 'sha256-text'",
  );
  assert.equal(letIn("script-src 'self' 'unsafe-inline'"), "script-src 'self' 'unsafe-inline'");
});

test('allowsOwnBase and runsScripts', () => {
  assert.equal(allowsOwnBase("base-uri 'none'", SELF, FILE), false);
  assert.equal(allowsOwnBase("script-src 'none', base-uri 'self'", SELF, FILE), true);
  assert.equal(runsScripts('sandbox allow-forms'), false);
  assert.equal(runsScripts('sandbox allow-forms Allow-Scripts'), true);
  assert.equal(runsScripts("script-src 'none'"), true);
});
