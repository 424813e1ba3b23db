import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everySplit } from '../../test/kit/every-split.ts';
import { appMap } from '../../test/kit/rewriting.ts';
import { runTransform } from '../../test/kit/transform.ts';
import { type BodyFacts, rewriteTransform } from './languages.ts';

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
