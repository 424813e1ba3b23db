import { describe, test } from 'node:test';
import { appMap, checkInPieces, checkScanner, urlMap } from '../../../test/kit/rewriting.ts';
import { JsonScanner, VocabularyScanner } from './json-scanner.ts';
import { importMapMeaning, type JsonVocabulary, manifestMeaning, speculationMeaning } from './vocabularies.ts';

const generic = () => new JsonScanner(appMap);
const withWords = (vocabulary: JsonVocabulary) => () => new VocabularyScanner(appMap, vocabulary);

describe('generic JSON', () => {
  const rows: [string, string][] = [
    ['{"u":"http:\\/\\/127.0.0.1:8080\\/x"}', '{"u":"https:\\/\\/example.com\\/app\\/x"}'],
    ['{"u":"/x","v":"http://127.0.0.1:8081/"}', '{"u":"/x","v":"http://127.0.0.1:8081/"}'],
    ['{"http://127.0.0.1:8080/k":1}', '{"https://example.com/app/k":1}'],
    [
      '{"u":"http://127.0.0.1:8080/1"}\n{"u":"http://127.0.0.1:8080/2"}\n',
      '{"u":"https://example.com/app/1"}\n{"u":"https://example.com/app/2"}\n',
    ],
    [')]}\',\n{"u":"//127.0.0.1:8080/"}', ')]}\',\n{"u":"//example.com/app/"}'],
    ['"http://127.0.0.1:8080"', '"https://example.com/app"'],
    ['{"u":"http://127.0.0.1:8080', '{"u":"https://example.com/app'],
    ['', ''],
    ['{', '{'],
  ];
  for (const [input, expected] of rows) test(input, () => checkScanner(generic, input, expected));

  test('listed strings', () => {
    const listed = () => new JsonScanner(appMap, { strings: new Set(['/api']) });
    checkScanner(
      listed,
      '{"a":"/api","b":"\\/api","c":"/other","/api":"http://127.0.0.1:8080/x"}',
      '{"a":"/app/api","b":"\\/app\\/api","c":"/other","/api":"https://example.com/app/x"}',
    );
  });

  test('OpenAPI 3 servers and OAuth flows', () => {
    const input =
      '{"openapi":"3.1.0","servers":[{"url":"/v1","x":"/y"}],"paths":{"/p":{"servers":[{"url":"http://127.0.0.1:8080"}]}},"c":{"tokenUrl":"/t"}}';
    const expected =
      '{"openapi":"3.1.0","servers":[{"url":"/app/v1","x":"/y"}],"paths":{"/p":{"servers":[{"url":"https://example.com/app/"}]}},"c":{"tokenUrl":"/app/t"}}';
    checkScanner(generic, input, expected);
  });

  test('Swagger 2 host and base path', () => {
    checkScanner(
      generic,
      ' {\n "swagger" : "2.0","host":"127.0.0.1:8080","basePath":"/v1","paths":{"host":"127.0.0.1:8080"}}',
      ' {\n "swagger" : "2.0","host":"example.com","basePath":"/app/v1","paths":{"host":"127.0.0.1:8080"}}',
    );
    checkScanner(
      generic,
      '{"swagger":"2.0","host":"other:8080","basePath":"/"}',
      '{"swagger":"2.0","host":"other:8080","basePath":"/app"}',
    );
  });

  test('a document that only mentions it is no OpenAPI document', () => {
    checkScanner(
      generic,
      '{"x":1,"openapi":"3.0","servers":[{"url":"/v1"}]}',
      '{"x":1,"openapi":"3.0","servers":[{"url":"/v1"}]}',
    );
  });
});

describe('manifests', () => {
  const rows: [string, string][] = [
    ['{"name":"/n","start_url":"/","scope":"/"}', '{"name":"/n","start_url":"/app/","scope":"/app/"}'],
    ['{"id":"/","related_applications":[{"id":"/x"}]}', '{"id":"/app/","related_applications":[{"id":"/x"}]}'],
    ['{"icons":[{"src":"\\/i.png"}]}', '{"icons":[{"src":"\\/app\\/i.png"}]}'],
    [
      '{"scope_extensions":[{"origin":"http://127.0.0.1:8080"}]}',
      '{"scope_extensions":[{"origin":"https://example.com"}]}',
    ],
    ['{"start_url":"http://127.0.0.1:8080"}', '{"start_url":"https://example.com/app/"}'],
    ['{"start_url":"/app/x","x":"http://127.0.0.1:8080"}', '{"start_url":"/app/x","x":"https://example.com/app"}'],
    ['{"src":"data:text/plain,http://127.0.0.1:8080/"}', '{"src":"data:text/plain,http://127.0.0.1:8080/"}'],
    ['{"start\\u005furl":"/x"}', '{"start\\u005furl":"/app/x"}'],
    ['{"start_url":"/x', '{"start_url":"/x'],
  ];
  for (const [input, expected] of rows) test(input, () => checkScanner(withWords(manifestMeaning), input, expected));

  test('a string too long to be a URL is searched only', () => {
    const long = 'x'.repeat(10_000);
    const input = `{"src":"/${long}\\" http://127.0.0.1:8080/ \\\\","url":"/y"}`;
    const expected = `{"src":"/${long}\\" https://example.com/app/ \\\\","url":"/app/y"}`;
    checkWhole(input, expected);
  });

  test('deep nesting is followed no further than it matters', () => {
    const deep = `${'['.repeat(5000)}{"start_url":"http://127.0.0.1:8080/x"}${']'.repeat(5000)},{"src":"/x"}`;
    checkWhole(deep, deep.replace('http://127.0.0.1:8080', 'https://example.com/app').replace('"/x"', '"/app/x"'));
  });
});

function checkWhole(input: string, expected: string): void {
  checkInPieces(withWords(manifestMeaning), input, expected);
}

describe('import maps', () => {
  const rows: [string, string][] = [
    ['{"imports":{"app":"/app.js","lib/":"/lib/"}}', '{"imports":{"app":"/app/app.js","lib/":"/app/lib/"}}'],
    [
      '{"imports":{"/a.js":"/b.js","b":null,"./c":"./c.js"}}',
      '{"imports":{"/app/a.js":"/app/b.js","b":null,"./c":"./c.js"}}',
    ],
    [
      '{"scopes":{"/s/":{"x":"/x.js"},"t/":{"/y":"/y.js"}}}',
      '{"scopes":{"/app/s/":{"x":"/app/x.js"},"t/":{"/app/y":"/app/y.js"}}}',
    ],
    ['{"integrity":{"/a.js":"sha384-//x"}}', '{"integrity":{"/app/a.js":"sha384-//x"}}'],
    [
      '{"imports":{"http://127.0.0.1:8080/a.js":"http://127.0.0.1:8080/b.js"}}',
      '{"imports":{"https://example.com/app/a.js":"https://example.com/app/b.js"}}',
    ],
    ['{"other":{"x":"/x"}}', '{"other":{"x":"/x"}}'],
  ];
  for (const [input, expected] of rows) test(input, () => checkScanner(withWords(importMapMeaning), input, expected));
});

describe('speculation rules', () => {
  const rows: [string, string][] = [
    [
      '{"prefetch":[{"source":"list","urls":["/next","x"]}]}',
      '{"prefetch":[{"source":"list","urls":["/app/next","x"]}]}',
    ],
    [
      '{"prerender":[{"where":{"href_matches":"/*"},"eagerness":"/x"}]}',
      '{"prerender":[{"where":{"href_matches":"/app/*"},"eagerness":"/x"}]}',
    ],
    [
      '{"x":[{"where":{"not":{"href_matches":["/a","/b"]}}}]}',
      '{"x":[{"where":{"not":{"href_matches":["/app/a","/app/b"]}}}]}',
    ],
    [
      '{"x":[{"where":{"href_matches":{"pathname":"/p","hash":"/h"}}}]}',
      '{"x":[{"where":{"href_matches":{"pathname":"/app/p","hash":"/h"}}}]}',
    ],
  ];
  for (const [input, expected] of rows) test(input, () => checkScanner(withWords(speculationMeaning), input, expected));
});

describe('a map that adds no prefix', () => {
  test('changes authorities only', () => {
    const root = urlMap('https://example.com', 'http://127.0.0.1:8080');
    checkScanner(
      () => new VocabularyScanner(root, manifestMeaning),
      '{"src":"/x","url":"http://127.0.0.1:8080/y"}',
      '{"src":"/x","url":"https://example.com/y"}',
    );
  });
});
