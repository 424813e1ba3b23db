// Tests of the HTML tokenizer: tables of odd markup, and parse5 as an oracle on tables and generated markup.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertSameTags } from '../../../test/kit/html-oracle.ts';
import { logTokens } from '../../../test/kit/html-token-log.ts';

const TIMEOUT = { timeout: 300_000 };

const CASES = [
  '<a href="/x">x</a>',
  '<A HREF=/x>x</A>',
  '<a/href="/x">',
  '<a title="t"href="/x">',
  '<a title="a>b" href=\'/x\'>',
  '<a href=/>',
  '<a href=/x/>',
  '<a =x>',
  '<a /=x>',
  '<a =="x">',
  '<a x = y z="1" / b>',
  '<a x=>',
  '<a x= >',
  '<a x="1"y=\'2\'z=3>',
  '<a x=`"\'<=>y>',
  '<a "b"\'c\'<d>',
  '<a b c b=1 c=2>',
  '<br/><br / ><br /x>',
  '<3 < b <> </> </ a> </3><p a>',
  '<!-- a --><b>',
  '<!--><b>-->',
  '<!---><b>-->',
  '<!----><b>-->',
  '<!--a--!><b>-->',
  '<!----!><b>-->',
  '<!---!><b>--><i>',
  '<!--a--!-><b>--><i>',
  '<!--a--!--><b>--><i>',
  '<!-- a -- b ---><b>',
  '<!--<!--><b>-->',
  '<!--<!-<b>--><i>',
  '<!-- <!-- --!> <b> --><i>',
  '<!foo <a href="/y"><a href="/x">',
  '<!><a>',
  '<!-><a>',
  '<!- -><a>',
  '<?php echo "/y" ?><a href="/x">',
  '<![CDATA[<a>]]><b>',
  '<svg><![CDATA[<a>]]><b x>',
  '<svg><![CDATA[<a>]]]]><g>',
  '<svg><![CDAT[<a>]]><g>',
  '<!DOCTYPE html PUBLIC "a>b" "c"><b>',
  "<!DOCTYPE html SYSTEM 'x><b>",
  '<script><a></script><b>',
  '<script><!--<script>"</script>"--></script><b>',
  '<script><!--<script></script><a></script><b>',
  '<script><!--<script></script>--><a></script><b>',
  '<script><!--</script><b>',
  '<script><!--<script></script><script></script><a></script><b>',
  '<script><!--><script></script><b>',
  '<script><!---><script></script><b>',
  '<script><!--a--><script></script><b>',
  '<script><!--<scriptx></script><b>',
  '<script><!--<script/></script><a>--></script><b>',
  '<script><!--<script></script ><a></script><b>',
  '<script><!--<script>--></script><b>',
  '<script><!--<script>-- ></script><a>--></script><b>',
  '<script><!--<SCRIPT></SCRIPT></SCRIPT><b>',
  '<script></scriptx><a></script/><b>',
  '<script></script x="</script>"><b>',
  '<script/><a></script><b>',
  '<style><a></style x><b>',
  '<textarea><a></TEXTAREA><b>',
  '<title></titl><a></title\n><b>',
  '<xmp><a></xmp><b><iframe><a></iframe><noembed><a></noembed><noframes><a></noframes><i>',
  '<plaintext><a></plaintext><b>',
  '<noscript><img src="/p.gif"></noscript><b>',
  '<template><a href="/x"></template>',
  '<svg><style><a></style><g/></svg><style><a></style>',
  '<svg><script><g></script></svg><script><a></script>',
  '<svg><title><b></title><style><g></style></svg><b>',
  '<svg><title><style><g></style></title><style><g></style></svg><b>',
  '<svg><foreignObject><style><a></style></foreignObject><style><g></style></svg>',
  '<svg><foreignObject><div><svg><style><g></style></svg><style><a></style></div></foreignObject></svg><style><a></style>',
  '<svg><foreignObject></svg><style><a></style>',
  '<svg><foreignObject><div></svg><style><a></style>',
  '<svg><p><style><a></style>',
  '<svg><g></p><style><a></style>',
  '<svg><g></br><style><a></style>',
  '<svg><foreignObject><svg></p></foreignObject><style><g></style></svg>',
  '<svg><font><style><g></style>',
  '<svg><font color=x><style><a></style>',
  '<svg/><style><a></style>',
  '<svg><svg></svg><style><g></style></svg><style><a></style>',
  '<svg><desc/><style><g></style></svg>',
  '<math><mi><style><a></style></mi><style><a></style></math>',
  '<math><mi><mglyph><style><a></style>',
  '<math><annotation-xml><style><a></style></annotation-xml></math>',
  '<math><annotation-xml encoding="text/HTML"><style><a></style></annotation-xml></math>',
  '<math><annotation-xml><svg><style><a></style></svg></annotation-xml><style><a></style></math>',
  '<div><svg><g></div><style><a></style>',
  '<svg><g></g></g><style><a></style></svg>',
  '<SVG><G></SVG><STYLE><A></STYLE>',
  '<svg><a><b></a></svg><style><a></style>',
  '<p>x</p><a href="/x"',
  '<p>x</p><a href="/x',
  '<p>x</p><a hr',
  '<p>x<',
  '<p>x</',
  '<p>x<!',
  '<p>x<!-',
  '<script></scrip',
  '<script><!-',
  '<script><!--<scrip',
  '<p \0a=1\0>\0<\0<b\0>',
  '<a\nb\tc\fd\re=1\rf>',
  '<a b=1/c=2>',
  '<a b="1"/c=2/>',
];

test('tokenizer: the same start tags and attributes as the oracle', TIMEOUT, () => {
  for (const html of CASES) assertSameTags(html);
});

test('tokenizer: the same report at every split', TIMEOUT, () => {
  for (const html of CASES) assertSameAtEverySplit(Buffer.from(html, 'latin1'), {});
});

function assertSameAtEverySplit(document: Buffer, options: { isXml?: boolean }): void {
  const whole = logTokens(document, [], options).tokens;
  for (let cut = 1; cut < document.length; cut++) {
    assert.deepEqual(logTokens(document, [cut], options).tokens, whole, `${document.toString('latin1')} cut at ${cut}`);
  }
  const every = Array.from({ length: Math.max(0, document.length - 1) }, (_, index) => index + 1);
  assert.deepEqual(logTokens(document, every, options).tokens, whole, `${document.toString('latin1')} byte by byte`);
}

test('tokenizer: every byte is reported, or belongs to an incomplete tag at the end', TIMEOUT, () => {
  for (const html of CASES) {
    const document = Buffer.from(html, 'latin1');
    let at = 0;
    for (const token of logTokens(document).tokens) {
      assert.equal(token.start, at, html);
      at = token.end;
    }
    const rest = html.slice(at);
    assert.ok(rest === '' || /^<\/?[a-z]/i.test(rest), `${html}: ${rest}`);
  }
});

const FRAGMENTS = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '/',
    '=',
    '"',
    "'",
    '!',
    '-',
    '--',
    '-->',
    '<!--',
    '--!>',
    '<!',
    '<?',
    ' ',
    '\n',
    '\0',
    '&',
    '`',
  ],
  ...[
    'a',
    'p',
    'div',
    'script',
    'style',
    'textarea',
    'title',
    'svg',
    'math',
    'foreignObject',
    'mi',
    'desc',
    'template',
  ],
  ...['<a href=', '<p>', '</p>', '<div>', '</div>', '<script>', '</script>', '<style>', '</style>', '<svg>', '</svg>'],
  ...[
    '<math>',
    '</math>',
    '<title>',
    '</title>',
    '<foreignObject>',
    '</foreignObject>',
    '<![CDATA[',
    ']]>',
    '<br/>',
    'x',
  ],
  ...['<mi>', '</mi>', '<g/>', '<g>', '</g>', '<img src="/x">', '<!DOCTYPE html>', '<noscript>', '<xmp>', '</xmp>'],
];

const markup = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 24 }).map((parts) => parts.join(''));

/** Outside the simple stack of foreign content nothing may differ; inside, markup that is nested at random may. */
const htmlOnly = fc
  .array(fc.constantFrom(...FRAGMENTS.filter((part) => !/svg|math|mi|foreign|CDATA/i.test(part))), { maxLength: 30 })
  .map((parts) => parts.join(''));

test('tokenizer: generated HTML has the same start tags as the oracle', TIMEOUT, () => {
  fc.assert(
    fc.property(htmlOnly, (html) => void assertSameTags(html)),
    { numRuns: 5000 },
  );
});

test('tokenizer: generated markup gives the same report at random splits', TIMEOUT, () => {
  const cuts = fc.array(fc.nat(200), { maxLength: 6 });
  fc.assert(
    fc.property(markup, cuts, fc.boolean(), (html, wanted, isXml) => {
      const document = Buffer.from(html, 'latin1');
      const inside = [...new Set(wanted)].filter((cut) => cut > 0 && cut < document.length).sort((a, b) => a - b);
      assert.deepEqual(logTokens(document, inside, { isXml }).tokens, logTokens(document, [], { isXml }).tokens);
    }),
    { numRuns: 5000 },
  );
});
