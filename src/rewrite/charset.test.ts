import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classifyCharset, detectCharset, leadBytesOf, PRESCAN_BYTES } from './charset.ts';
import type { Language } from './select.ts';

describe('classifyCharset', () => {
  const rows: [string, string][] = [
    ['UTF-8', 'ascii'],
    ['windows-1252', 'ascii'],
    ['ISO-8859-15', 'ascii'],
    ['euc-jp', 'ascii'],
    ['nonsense', 'ascii'],
    ['Shift_JIS', 'double-byte'],
    ['gbk', 'double-byte'],
    ['GB18030', 'double-byte'],
    ['Big5', 'double-byte'],
    ['utf-16', 'utf-16le'],
    ['UTF-16LE', 'utf-16le'],
    ['utf-16be', 'utf-16be'],
    ['ISO-2022-JP', 'opaque'],
    ['hz-gb-2312', 'opaque'],
    ['utf-7', 'opaque'],
    ['utf-32', 'opaque'],
  ];
  for (const [label, kind] of rows) test(label, () => assert.equal(classifyCharset(` ${label} `), kind));
});

describe('detectCharset', () => {
  const rows: [string, Language, string | undefined, string, string][] = [
    ['a mark before all', 'html', 'shift_jis', '\xef\xbb\xbf<meta charset=gbk>', 'utf-8 ascii'],
    ['a UTF-16 mark', 'html', undefined, '\xff\xfe<\0', 'utf-16le utf-16le'],
    ['the other UTF-16 mark', 'json', 'utf-8', '\xfe\xff\0{', 'utf-16be utf-16be'],
    ['the header before the text', 'html', 'utf-8', '<meta charset=gbk>', 'utf-8 ascii'],
    [
      'a meta element',
      'html',
      undefined,
      '<!doctype html><META name=x charset = "Shift_JIS">',
      'Shift_JIS double-byte',
    ],
    [
      'http-equiv',
      'html',
      undefined,
      '<meta http-equiv="content-type" content="text/html; charset=iso-2022-jp">',
      'iso-2022-jp opaque',
    ],
    ['UTF-16 in a meta element is UTF-8', 'html', undefined, '<meta charset=utf-16>', 'utf-16 ascii'],
    ['nothing', 'html', undefined, '<p>x</p>', 'undefined ascii'],
    ['too late', 'html', undefined, '<body ><meta charset=gbk>', 'undefined ascii'],
    ['an XML declaration', 'xml', undefined, '<?xml version="1.0" encoding=\'gbk\'?><r/>', 'gbk double-byte'],
    ['an XML declaration without it', 'xml', undefined, '<?xml version="1.0"?><r encoding="gbk"/>', 'undefined ascii'],
    ['a style sheet', 'css', undefined, '@charset "big5";a{}', 'big5 double-byte'],
    ['not quite', 'css', undefined, "@charset 'big5';a{}", 'undefined ascii'],
    ['JSON says nothing', 'json', undefined, '{"charset":"gbk"}', 'undefined ascii'],
    ['empty', 'html', undefined, '', 'undefined ascii'],
  ];
  for (const [name, language, declared, text, expected] of rows)
    test(name, () => {
      const whole = detectCharset(text, true, declared, language);
      assert.equal(`${whole?.label} ${whole?.kind}`, expected);
      for (let length = 0; length <= text.length; length++) {
        const early = detectCharset(text.slice(0, length), false, declared, language);
        if (early !== undefined) assert.deepEqual(early, whole, `after ${length} bytes`);
      }
    });

  test('waits no longer than the standard says', () => {
    assert.equal(detectCharset('<p>'.padEnd(PRESCAN_BYTES - 1), false, undefined, 'html'), undefined);
    assert.equal(detectCharset('<p>'.padEnd(PRESCAN_BYTES), false, undefined, 'html')?.kind, 'ascii');
    assert.equal(detectCharset('<p>', false, 'utf-8', 'html')?.kind, 'ascii', 'the header says it');
    assert.equal(detectCharset('{', false, undefined, 'json')?.kind, 'ascii', 'nothing to wait for');
  });
});

test('lead bytes', () => {
  assert.equal(leadBytesOf('shift_jis')[0xb1], 0, 'half-width katakana');
  assert.equal(leadBytesOf('gbk')[0xb1], 1);
  assert.equal(leadBytesOf('shift_jis')[0x95], 1);
  assert.equal(leadBytesOf('big5')[0x41], 0);
});
