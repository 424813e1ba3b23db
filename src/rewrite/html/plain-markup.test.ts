// Passing over plain markup: the same as reading it, whatever stands in it and wherever it is cut.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../../test/kit/every-split.ts';
import { urlMap } from '../../../test/kit/rewriting.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { EditList } from '../edit-list.ts';
import { scanTransform } from '../scan-sink.ts';
import { rewriteText } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import { Window } from '../window.ts';
import { HtmlScanner } from './html-scanner.ts';
import { PlainMarkup } from './plain-markup.ts';
import { Stage } from './stage.ts';

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
      '<img class="c" src="/i" srcset="/j 1x, //k/l 2x" alt="">',
      '<a href="/q" data-no-rewrite>',
      '<a href="/s" onclick="location=\'/t\'">',
      '</a href="/u">',
      '<script type="application/json">{"a":"/b","c":[]}</script>',
      '<script type="application/json" id="d" data-e="f">{"openapi":"3","servers":[{"url":"/v1"}]}</script>',
      '<script type="application/json"> [1] </script>',
      '<script type="application/json" nonce="g">"<!--<script>"</script>',
      `<script type="application/json">{"a":"${origin}/b"}</script>`,
      `<img src="${origin}/i" alt="a" srcset="${origin}/j 1x, /k 2x" class="c">`,
      `<a href="${origin}/l?next=${origin}/m" class="/n">`,
      `<a class="b" href="${origin}/o" onclick="p('${origin}/q')">`,
      `<a class="${origin}/r" href="${origin}/s">`,
      '<a href="/app/v" src="/w" title="x<y">',
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
  /** A stage with all of `text`, in which only that needle is one of ours. */
  function markupOf(text: string) {
    const stage = new Stage(maps['a path, by name']);
    const edits = new EditList();
    stage.open(Window.of(Buffer.from(text, 'latin1')), 0, text.length, edits);
    return { markup: new PlainMarkup(stage, false), edits };
  }
  function skip(text: string) {
    const { markup, edits } = markupOf(text);
    const at = markup.skip(0);
    return { passed: edits.apply(text, 0, at), rest: text.slice(at) };
  }
  const filler = '<p class="a">words</p>'.repeat(10);

  test('passes over what is plain, and stops behind a tag', () => {
    for (const plain of PLAIN.filter((piece) => piece.startsWith('<') && !/^<[ 3]/.test(piece)))
      assert.equal(skip(`${filler}text ${plain}the end`).rest, 'the end', plain);
  });

  test('maps the URLs of plain tags', () => {
    for (const [tag, mapped] of [
      ['<a href="/r">', '<a href="/app/r">'],
      ['<a class="b" href="r" title=c>', '<a class="b" href="r" title=c>'],
      ['<img\n src="/i" alt="" srcset="/s 1x, t 2x" />', '<img\n src="/app/i" alt="" srcset="/app/s 1x, t 2x" />'],
      ['<button formaction="/f" hidden>', '<button formaction="/app/f" hidden>'],
      [
        '<a class="c" href="http://backend.internal/r" id="d">',
        '<a class="c" href="https://example.com/app/r" id="d">',
      ],
      [
        '<script type="application/json" id="d">{"a":"/b"}</script>',
        '<script type="application/json" id="d">{"a":"/b"}</script>',
      ],
      ['<video poster="/p" src="https://a.b/c">', '<video poster="/app/p" src="https://a.b/c">'],
    ] as const)
      assert.deepEqual(skip(`${filler}${tag}${filler}the end`), {
        passed: `${filler}${mapped}${filler}`,
        rest: 'the end',
      });
  });

  test('leaves a tag to be read in which anything is odd, with no edit in it', () => {
    for (const odd of [
      ...[
        '<a href="/r" onclick="x">',
        '<a href="//h/r">',
        '<a href="/a%2fb">',
        '<img src="/i" srcset="/s?a&amp;b 1x">',
      ],
      ...[
        '<a href="/r"class="c">',
        '<a href="/r" data-no-rewrite>',
        '<a href="/r',
        '<a href="/r" src="/s',
        '<a href="/r" b',
      ],
      ...['</a href="/r">', '<link href="/r">', '<a title="<" href="/r">', '<a href="/r" ping="/p">'],
    ]) {
      const text = `${filler}<b>text ${odd}`;
      const { passed, rest } = skip(text);
      assert.equal(passed + rest, text);
      assert.ok(rest.endsWith(odd), odd);
    }
  });

  test('stops before what has a meaning', () => {
    const plain = ['</div>', '<div>', '<p>', '<a href="/r">'];
    plain.push('<a href="https://b.example/&#x2f;">', '<a href="https://example.net:80/">');
    plain.push(
      `<script type="application/json">{"a":"/b","c":[]}</script>`,
      '<script type="application/json"> [1] </script>',
    );
    for (const odd of other('http://backend.internal').filter((piece) => piece.startsWith('<') && piece.endsWith('>')))
      if (!plain.includes(odd)) assert.equal(skip(`${filler}${odd}`).rest, odd);
  });

  test('stops before the tag or text in which a needle is', () => {
    const needle = 'backend.internal';
    assert.equal(skip(`${filler}<p title="a ${needle}">${filler}`).rest, `<p title="a ${needle}">${filler}`);
    assert.equal(skip(`${filler}a ${needle}${filler}`).rest, `a ${needle}${filler}`);
    assert.equal(skip(`${filler}<a href="/${needle}">${filler}`).rest, `<a href="/${needle}">${filler}`);
    const script = `<script type="application/json">{"a":"${needle}"}</script>`;
    assert.equal(skip(`${filler}${script}`).rest, script);
  });

  test('a long stretch is passed over in pieces', () => {
    const text = filler.repeat(1000);
    const { markup } = markupOf(text);
    let at = 0;
    for (let count = 0; count < 1000 && at < text.length; count++) {
      const next = markup.skip(at);
      // The tag at the end of a piece is read otherwise.
      at = next > at ? next : text.indexOf('>', at) + 1;
    }
    assert.equal(at, text.length);
  });
});
