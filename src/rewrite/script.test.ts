import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appMap } from '../../test/kit/rewriting.ts';
import { rewriteText } from './scanner.ts';
import { scannerForScript, scriptLanguage } from './script.ts';

describe('scriptLanguage', () => {
  const rows: [string | undefined, string][] = [
    [undefined, 'javascript'],
    ['', 'javascript'],
    [' Module ', 'javascript'],
    ['text/javascript', 'javascript'],
    ['application/x-ecmascript', 'javascript'],
    ['text/javascript; charset=utf-8', 'javascript'],
    ['text/babel', 'javascript'],
    ['ImportMap', 'importmap'],
    ['speculationrules', 'speculationrules'],
    ['application/json', 'json'],
    ['application/ld+json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['text/x-template', 'text'],
    ['text/plain', 'text'],
    ['application/jsonp', 'text'],
  ];
  for (const [type, expected] of rows) test(String(type), () => assert.equal(scriptLanguage(type), expected));
});

test('scannerForScript', () => {
  const rows: [string | undefined, string, string][] = [
    [undefined, 'location="/x"', 'location="/app/x"'],
    ['importmap', '{"imports":{"a":"/a.js"}}', '{"imports":{"a":"/app/a.js"}}'],
    ['speculationrules', '{"prefetch":[{"urls":["/n"]}]}', '{"prefetch":[{"urls":["/app/n"]}]}'],
    [
      'application/ld+json',
      '{"@id":"http://127.0.0.1:8080/p","b":"/x"}',
      '{"@id":"https://example.com/app/p","b":"/x"}',
    ],
    ['text/x-template', '<a href="/x" b="http://127.0.0.1:8080/">', '<a href="/x" b="https://example.com/app/">'],
  ];
  for (const [type, text, expected] of rows) assert.equal(rewriteText(scannerForScript(type, appMap), text), expected);
});
