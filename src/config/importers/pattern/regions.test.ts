// What patterns are about: names, subtrees, exact paths, endings; and that nothing else is taken for one of these.
import assert from 'node:assert/strict';
import test from 'node:test';
import { endingsOfPattern, isAboutDotFiles, namesOfPattern, regionsOfPattern } from './regions.ts';

/** Pattern, names (`*.x` for a wildcard, `:port` behind), remarks. */
const NAMES: readonly (readonly [pattern: string, names: string, remarks: string])[] = [
  ['^www\\.example\\.com$', 'www.example.com', ''],
  ['^(www\\.example\\.com)$', 'www.example.com', ''],
  ['^www.example.com$', 'www.example.com', 'loose-dot'],
  ['^(www\\.)?example\\.com$', 'example.com www.example.com', ''],
  ['^(?:a|b)\\.example\\.(com|org)$', 'a.example.com a.example.org b.example.com b.example.org', ''],
  ['(^|\\.)example\\.com$', 'example.com *.example.com', ''],
  ['\\.example\\.com$', '*.example.com', ''],
  ['^[^.]+\\.example\\.com$', '*.example.com', ''],
  ['^(?<sub>[a-z0-9-]+)\\.example\\.com$', '*.example.com', ''],
  ['^.*\\.example\\.com$', '*.example.com', ''],
  ['example\\.com$', 'example.com *.example.com', 'open-start'],
  ['^example\\.com', 'example.com', 'open-end'],
  ['^example\\.com(?::\\d+)?$', 'example.com', ''],
  ['^example\\.com(:8080)?$', 'example.com', ''],
  ['^example\\.com:8080$', 'example.com:8080', ''],
  ['(?i)^WWW\\.Example\\.com$', 'www.example.com', ''],
  ['.*', '*', ''],
  ['', '*', ''],
  ['^(.*)$', '*', ''],
];

const NOT_NAMES = [
  'shop',
  '^www\\d+\\.',
  '^[0-9]+\\.example$',
  '^(?!admin\\.).*$',
  '(',
  '^a\\.(b|c\\.example$',
  '^www\\.',
  'a*b\\.c$',
  '^x\\1$',
];

test('patterns on hosts that are lists of names', () => {
  for (const [pattern, names, remarks] of NAMES) {
    const found = namesOfPattern(pattern);
    const printed = found?.names.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`)).join(' ');
    assert.equal(`${pattern}: ${printed} ${found?.remarks.join(' ')}`, `${pattern}: ${names} ${remarks}`);
  }
});

test('patterns on hosts that are no lists of names', () => {
  for (const pattern of NOT_NAMES) assert.equal(namesOfPattern(pattern), undefined, pattern);
});

/** Pattern, regions: `=` exact, `/…/` subtree, `…*` open. */
const REGIONS: readonly (readonly [pattern: string, regions: string])[] = [
  ['^/static/', '/static/'],
  ['^/static/.*', '/static/'],
  ['^/static/(.*)$', '/static/'],
  ['^/app(?:/|$)', '/app/ =/app'],
  ['^/app($|/)', '=/app /app/'],
  ['^/app(/.*)?$', '=/app /app/'],
  ['^/app', '/app*'],
  ['^/app/?(.*)$', '/app* /app/'],
  ['^/(a|b)/', '/a/ /b/'],
  ['^/exact$', '=/exact'],
  ['^/favicon\\.ico$', '=/favicon.ico'],
  ['^/$', '=/'],
  ['^/(.*)', '/'],
  ['/(.*)', '/'],
  ['^', '/'],
  ['.*', '/'],
  ['', '/'],
  ['/', '/'],
  ['^/+vhost(/|$)', '/vhost/ =/vhost'],
  ['^/[Aa]pp/', '/App/ /app/'],
  ['^/user/[^/]+', '/user/'],
  ['^/(?!static/)', '/ /static/'],
];

const NOT_REGIONS = [
  '\\.php$',
  '^/user/(\\d+)/edit$',
  '^/(.*)\\.html$',
  '^/user/[^/]+$',
  'static',
  '^static/',
  '^/[a-z]+/',
  '^/a.*b',
  '(?=x)',
  '^/(((((a',
];

test('patterns on paths that are subtrees and exact paths', () => {
  for (const [pattern, expected] of REGIONS) {
    const found = regionsOfPattern(pattern, 'path')?.regions.map(printRegion).join(' ');
    assert.equal(`${pattern}: ${found}`, `${pattern}: ${expected}`);
  }
});

test('patterns on paths that are neither', () => {
  for (const pattern of NOT_REGIONS) assert.equal(regionsOfPattern(pattern, 'path'), undefined, pattern);
});

test('what a pattern says about the query is no part of its path', () => {
  const cases = [
    ['^/app(?:[/?]|$)', '/app/ =/app'],
    ['^/old([^?]*)(\\?.*)?$', '/old*'],
    ['^/one\\?x=1$', '=/one'],
    ['^/([^?]*)(?:\\?(.*))?$', '/'],
  ] as const;
  for (const [pattern, expected] of cases) {
    const found = regionsOfPattern(pattern, 'path-and-query')?.regions.map(printRegion).join(' ');
    assert.equal(`${pattern}: ${found}`, `${pattern}: ${expected}`);
  }
});

test('patterns on endings', () => {
  const cases = [
    ['\\.(css|js)$', '.css .js'],
    ['\\.(?:jpe?g|png)$', '.jpg .jpeg .png'],
    ['^.*\\.woff2?$', '.woff .woff2'],
    ['\\.php', undefined],
    ['^/a\\.css$', undefined],
    ['x\\.css$', undefined],
  ] as const;
  for (const [pattern, expected] of cases) assert.equal(endingsOfPattern(pattern)?.join(' '), expected, pattern);
});

test('patterns against names that start with a dot', () => {
  for (const pattern of ['/\\.ht', '/\\.', '/\\.(?!well-known)', '^\\.ht', '(^|/)\\.git', '^/\\.'])
    assert.ok(isAboutDotFiles(pattern), pattern);
  for (const pattern of ['\\.php$', '/a\\.', '.']) assert.ok(!isAboutDotFiles(pattern), pattern);
});

function printRegion({ path, kind }: { path: string; kind: string }): string {
  return kind === 'exact' ? `=${path}` : kind === 'open' ? `${path}*` : path;
}
