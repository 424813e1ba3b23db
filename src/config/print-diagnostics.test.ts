// printDiagnostics: what people see, with and without colours, on odd lines.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Diagnostic } from './diagnostics.ts';
import { printDiagnostics } from './print-diagnostics.ts';

const BASE: Diagnostic = {
  file: '/etc/portico/portico.yaml',
  line: 12,
  column: 7,
  length: 5,
  path: ['sites', 'example.net', 'vhots'],
  message: 'unknown key "vhots"',
  suggestion: 'did you mean "vhost"?',
  excerpt: '      vhots: nevow',
};

test('printDiagnostics shows place, sentence, path, line with caret, suggestion', () => {
  assert.equal(
    printDiagnostics([BASE], { hasColors: false, cwd: '/etc/portico' }),
    `portico.yaml:12:7: unknown key "vhots"
  in sites > example.net > vhots
     |
  12 |       vhots: nevow
     |       ^^^^^
  did you mean "vhost"?
`,
  );
});

test('printDiagnostics uses the whole path for files that are not below the folder', () => {
  const [first] = printDiagnostics([BASE], { hasColors: false, cwd: '/home/me' }).split('\n');
  assert.equal(first, '/etc/portico/portico.yaml:12:7: unknown key "vhots"');
});

test('printDiagnostics without a place is a sentence', () => {
  const nowhere = { ...BASE, file: undefined, line: 0, column: 0, path: [], suggestion: undefined, excerpt: '' };
  assert.equal(printDiagnostics([nowhere], { hasColors: false, cwd: '/' }), 'unknown key "vhots"\n');
});

test('printDiagnostics puts the caret under the place behind tabs and deep in long lines', () => {
  const tabs = { ...BASE, column: 3, excerpt: '\t\tvhots: x' };
  const long = { ...BASE, column: 501, excerpt: `${'x'.repeat(500)}vhots${'y'.repeat(500)}` };
  for (const diagnostic of [tabs, long]) {
    const lines = printDiagnostics([diagnostic], { hasColors: false, cwd: '/etc' }).split('\n');
    const [shown = '', carets = ''] = [lines[3], lines[4]];
    assert.ok(shown.length < 120 && !shown.includes('\t'));
    assert.equal(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'vhots');
  }
});

test('printDiagnostics colours only where it may', () => {
  const plain = printDiagnostics([BASE], { hasColors: false, cwd: '/etc' });
  const colored = printDiagnostics([BASE], { hasColors: true, cwd: '/etc' });
  assert.ok(!plain.includes('\x1b'));
  assert.ok(colored.includes('\x1b[31m'));
  // biome-ignore lint/complexity/useRegexLiterals: the escape character reads better so
  assert.equal(colored.replace(new RegExp('\\x1b\\[\\d+m', 'g'), ''), plain);
});
