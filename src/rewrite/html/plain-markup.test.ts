// Passing over plain markup: the same as reading it, whatever stands in it and wherever it is cut.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../../test/kit/every-split.ts';
import { urlMap } from '../../../test/kit/rewriting.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { NeedleCursor } from '../needle-cursor.ts';
import { scanTransform } from '../scan-sink.ts';
import { rewriteText } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import { Window } from '../window.ts';
import { HtmlScanner } from './html-scanner.ts';
import { PlainMarkup } from './plain-markup.ts';

const maps = {
  'a path': urlMap('https://example.com/app/', 'http://127.0.0.1:8080'),
  'a path, by name': urlMap('https://example.com/app/', 'http://backend.internal'),
  'the root': urlMap('https://example.com/', 'http://127.0.0.1:8080'),
  'the root, by name': urlMap('https://example.com/', 'http://backend.internal'),
};

/** Reads everything. */
class ThoroughScanner extends HtmlScanner {
  override skipPlain(at: number): number {
    return at;
  }
}

const PLAIN = [
  ...['<p class="a">', '</p>', 'words &amp; words ', '<b>', '</b>', '<br/>', '<br />', '<i\nid=x.y-z\ntitle="a > b" >'],
  ...['<a href="#s">', '<a href=#s>', '<img alt="" src="https://cdn.example.net/i.png">', '<p style="color:red">'],
  ...[
    '<x-element hidden data-a="1" aria-label="/x">',
    '</x-element>',
    '< ',
    '<3 ',
    '<td width=50%>',
    '<input value="/v">',
  ],
];

function other(origin: string): string[] {
  return [
    ...['<a href="/r">', '<a href=/r>', '<A HREF="/r">', "<a title='x' href='/r'>", '<a href ="/r">', '<a\thref="/r">'],
    ...[`<a href="${origin}/r">`, `text ${origin}/t `, `<p title="${origin}/t">`, `<p title=${origin}/t>`, '//host/x '],
    ...['<p style="background:url(/i)">', '<p onclick="location=\'/c\'">', '<p hidden =x>', '<a b="c"href="/d">'],
    ...[
      '<div data-no-rewrite>',
      '<div class="a" data-no-rewrite="" title="b">',
      '</div>',
      '<div>',
      '<title>',
      '</title>',
    ],
    ...[
      '<svg>',
      '<style>a{b:url(/c)}',
      '</style>',
      '</svg>',
      '<math>',
      '<p>',
      '<script>',
      '</script>',
      '<!-- > <p ',
      '-->',
    ],
    ...[
      '<template>',
      '</template>',
      '<textarea>',
      '</textarea>',
      '<a class="',
      '" ',
      "'",
      '<a ',
      '>',
      '/',
      '=',
      '<a =href="/e">',
    ],
    ...[
      '<a href="https://BACKEND.internal/x">',
      '<a href="https://127.1:8080/">',
      '<a href="java\nscript:x">',
      '<img src="a"',
    ],
    ...[
      '<a href="https://example.net:80/">',
      '<a href="https://b.example/&#x2f;">',
      '<a ping="/p /q">',
      '<a on="/f" only=/g>',
    ],
    ...[
      '<form action="/h">',
      '<iframe srcdoc="<a href=&quot;/j&quot;>">',
      '<![CDATA[',
      ']]>',
      '<?x ?>',
      '<link rel=x href=/k>',
    ],
    ...[
      '<script integrity=x src=/l></script>',
      '<meta http-equiv=refresh content="0;url=/m">',
      '<é href="/n">',
      '<a é="/o">',
    ],
  ];
}

function generate(map: UrlMap, seed: number): string {
  const { host, port } = map.backend;
  const random = seededRandom(seed);
  const odd = other(port === 80 ? `http://${host}` : `http://${host}:${port}`);
  const pick = () => {
    const list = random() < 0.7 ? PLAIN : odd;
    return list[Math.floor(random() * list.length)] ?? '';
  };
  return Array.from({ length: 40 }, pick).join('');
}

describe('passed over or read: the same', { timeout: 600_000 }, () => {
  for (const [what, map] of Object.entries(maps))
    test(what, () => {
      for (let seed = 1; seed <= 400; seed++) {
        const text = generate(map, seed);
        const thorough = new ThoroughScanner(map);
        const expected = rewriteText(thorough, Buffer.from(text).toString('latin1'));
        const scanner = new HtmlScanner(map);
        const bytes = Buffer.from(text);
        const run = (cut: number) =>
          runTransform(
            scanTransform(() => scanner),
            [bytes.subarray(0, cut), bytes.subarray(cut)],
          ).bytes.toString('latin1');
        for (let cut = 0; cut <= bytes.length; cut += seed % 20 === 0 ? 1 : 97)
          assert.equal(run(cut), expected, `seed ${seed}, cut at ${cut}: ${JSON.stringify(text)}`);
        assert.deepEqual(scanner.findings, thorough.findings, `seed ${seed}: ${JSON.stringify(text)}`);
      }
    });
});

describe('PlainMarkup', () => {
  function skip(text: string, needle = 'needle'): string {
    const bytes = Buffer.from(text, 'latin1');
    const needles = new NeedleCursor([Buffer.from(needle)]);
    needles.start(bytes, 0, bytes.length);
    const markup = new PlainMarkup();
    return text.slice(markup.skip(Window.of(bytes), 0, bytes.length, needles));
  }
  const filler = '<p class="a">words</p>'.repeat(10);

  test('passes over what is plain, and stops behind a tag', () => {
    for (const plain of PLAIN.filter((piece) => piece.startsWith('<') && !/^<[ 3]/.test(piece)))
      assert.equal(skip(`${filler}text ${plain}the end`), 'the end', plain);
  });

  test('stops before what has a meaning', () => {
    for (const odd of other('http://needle').filter((piece) => piece.startsWith('<') && piece.endsWith('>')))
      if (!['</div>', '<div>', '<p>', '<a href="https://b.example/&#x2f;">'].includes(odd))
        assert.equal(skip(`${filler}${odd}`), odd);
  });

  test('stops before the tag or text in which a needle is', () => {
    assert.equal(skip(`${filler}<p title="a needle">${filler}`), `<p title="a needle">${filler}`);
    assert.equal(skip(`${filler}a needle${filler}`), `a needle${filler}`);
  });

  test('a long stretch is passed over in pieces', () => {
    const bytes = Buffer.from(filler.repeat(1000));
    const needles = new NeedleCursor([]);
    needles.start(bytes, 0, bytes.length);
    const markup = new PlainMarkup();
    const window = Window.of(bytes);
    let at = 0;
    for (let count = 0; count < 1000 && at < bytes.length; count++) {
      const next = markup.skip(window, at, bytes.length, needles);
      // The tag at the end of a piece is read otherwise.
      at = next > at ? next : bytes.indexOf('>', at) + 1;
    }
    assert.equal(at, bytes.length);
  });
});
