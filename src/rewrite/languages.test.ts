import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everySplit } from '../../test/kit/every-split.ts';
import { appMap, urlMap } from '../../test/kit/rewriting.ts';
import { runTransform } from '../../test/kit/transform.ts';
import { type BodyFacts, isUntouched, rewriteTransform } from './languages.ts';
import type { Language } from './select.ts';

function check(facts: BodyFacts, input: Buffer, expected: Buffer): void {
  everySplit(input, (pieces) => {
    const { bytes } = runTransform(rewriteTransform(appMap, facts), pieces);
    assert.equal(bytes.toString('latin1'), expected.toString('latin1'));
  });
}

const text = (latin1: string) => Buffer.from(latin1, 'latin1');

describe('rewriteTransform', () => {
  test('a body without type is sniffed', () => {
    const sniff: BodyFacts = { language: 'sniff', charset: undefined };
    check(sniff, text('<p><a href="/x">'), text('<p><a href="/app/x">'));
    check(sniff, text('http://127.0.0.1:8080/x'), text('http://127.0.0.1:8080/x'));
    check(sniff, text(''), text(''));
  });

  test('UTF-16 stays UTF-16', () => {
    const utf16 = (string: string) => Buffer.from(string, 'utf16le');
    check(
      { language: 'json', charset: 'utf-16le' },
      utf16('{"é":"http://127.0.0.1:8080/€"}'),
      utf16('{"é":"https://example.com/app/€"}'),
    );
    check({ language: 'css', charset: undefined }, utf16('\ufeffa{b:url(/x)}'), utf16('\ufeffa{b:url(/app/x)}'));
    const swapped = (string: string) => utf16(string).swap16();
    check(
      { language: 'text', charset: 'utf-16be' },
      swapped('http://127.0.0.1:8080 '),
      swapped('https://example.com/app '),
    );
  });

  test('encodings that cannot be read pass as they are', () => {
    const input = text('\x1b$Bhttp://127.0.0.1:8080/');
    check({ language: 'html', charset: 'iso-2022-jp' }, input, input);
  });

  test('two-byte characters that look like a backslash', () => {
    const input = text('a = "\x95\x5c"; location = "/x"');
    check({ language: 'javascript', charset: 'shift_jis' }, input, text('a = "\x95\x5c"; location = "/app/x"'));
  });

  test('bytes that are no UTF-8 survive', () => {
    check(
      { language: 'json', charset: 'utf-8' },
      text('"\xe9\xff http://127.0.0.1:8080/"'),
      text('"\xe9\xff https://example.com/app/"'),
    );
  });
});

describe('isUntouched', () => {
  const root = urlMap('https://example.com/', 'http://127.0.0.1:8080');
  const byName = urlMap('https://example.com/', 'http://backend.internal');
  const bodies: Readonly<Partial<Record<Language, readonly string[]>>> = {
    html: [
      '<a href="/x">y</a>',
      '<a href="http://BACKEND.Internal/">',
      '<meta http-equiv=content-security-policy content="x:*">',
    ],
    xhtml: ['<a href="/x"/>', '<a href="http://127.0.0.1:8080/x"/>', '<link integrity="sha256-x" href="/x"/>'],
    css: ['a{b:url(/x)}', 'a{b:url(http://127.0.0.1:8080/x)}', 'a{b:url(http\\:\\/\\/backend.internal/x)}'],
    xml: ['<a>/x</a>', '<rss><link>/x</link></rss>', '<a>http://backend.internal</a>', '<a>http://127.0.0.1:8080/</a>'],
    javascript: ['location="/x"', 'a = "/x"', 'a = "http:\\/\\/127.0.0.1:8080"', 'import "http://backend.internal/m"'],
    json: [
      '{"a":"/x"}',
      '{"a":"http://127.0.0.1:8080/x"}',
      ' {"openapi":"3","servers":[{"url":"/x"}]}',
      '"//backend.internal/"',
    ],
    text: ['/x', 'http://127.0.0.1:8080/x', 'http%3A%2F%2Fbackend.internal%2F'],
    playlist: ['/x.ts', '#EXTM3U'],
    manifest: ['{"start_url":"/"}'],
  };
  const transformed = (map: typeof root, facts: BodyFacts, input: Buffer) =>
    runTransform(rewriteTransform(map, facts), [input]).bytes;

  test('never of a body that is changed, in any language, at any mount', () => {
    let count = 0;
    for (const map of [root, byName, appMap])
      for (const [language, inputs] of Object.entries(bodies) as [Language, readonly string[]][])
        for (const charset of [undefined, 'shift_jis'])
          for (const input of inputs) {
            const facts = { language, charset };
            if (!isUntouched(map, facts, {}, text(input))) continue;
            count++;
            assert.equal(transformed(map, facts, text(input)).toString('latin1'), input, `${language} ${input}`);
          }
    assert.ok(count > 60, `${count} were found untouched`);
  });

  test('of bodies that name nobody: documents where no path is added, text and JSON everywhere', () => {
    for (const language of ['html', 'xhtml', 'css', 'xml', 'javascript'] as const) {
      const first = text(bodies[language]?.[0] ?? '');
      assert.ok(isUntouched(root, { language, charset: 'utf-8' }, {}, first), language);
      assert.ok(isUntouched(byName, { language, charset: undefined }, {}, first), language);
      assert.ok(!isUntouched(appMap, { language, charset: undefined }, {}, first), language);
    }
    for (const language of ['json', 'text'] as const)
      assert.ok(isUntouched(appMap, { language, charset: undefined }, {}, text(bodies[language]?.[0] ?? '')), language);
  });

  test('not of what is put into, learned from, or cannot be searched', () => {
    const html = { language: 'html', charset: undefined } as const;
    const insertion = { atHeadStart: () => '', atHeadEnd: () => '', beforeScript: () => '', mergeImportMap: () => '' };
    assert.ok(!isUntouched(root, html, { insertion }, text('<p>')));
    assert.ok(!isUntouched(root, html, { needsReferrer: true }, text('<p>')));
    assert.ok(!isUntouched(root, html, { strings: new Set(['/x']) }, text('<p>')));
    assert.ok(!isUntouched(root, { language: 'json', charset: undefined }, { strings: new Set(['/x']) }, text('"/x"')));
    assert.ok(!isUntouched(root, html, {}, text('<script src="/x" integrity="sha256-x"></script>')));
    assert.ok(
      !isUntouched(root, { ...html, charset: 'utf-16le' }, {}, Buffer.from('http://127.0.0.1:8080/', 'utf16le')),
    );
    assert.ok(!isUntouched(root, { ...html, charset: 'iso-2022-jp' }, {}, text('<p>')));
    assert.ok(!isUntouched(root, { language: 'sniff', charset: undefined }, {}, text('<p>')));
  });
});
