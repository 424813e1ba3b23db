// Properties of HTML rewriting with judges of their own: parse5 and the URL class, the URL map, and the scanner itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from 'parse5';
import { seededRandom } from '../../../test/kit/every-split.ts';
import { exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { rewriteTransform } from '../languages.ts';

const TIMEOUT = { timeout: 300_000 };
const BACKEND_PAGE = 'http://127.0.0.1:8080/a/b/c/d/page';
const PUBLIC_PAGE = 'https://example.com/app/a/b/c/d/page';

const URL_PARTS = [
  ...[
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2e',
    '%2F',
    'x',
    'app',
    'apple',
    ':',
    '@',
    '?',
    '#',
    '&amp;',
    '&#47;',
    '&#x2F;',
    '&sol;',
  ],
  ...[
    '&colon;',
    '\t',
    ' ',
    'http:',
    'https:',
    'HTTP:',
    'ws:',
    '127.0.0.1',
    '127.0.0.1:8080',
    ':8080',
    ':80801',
    '127.1',
  ],
  ...[
    'localhost',
    'evil.example',
    'user@',
    'http://127.0.0.1:8080',
    '//127.0.0.1:8080',
    '&period;',
    '\xe9',
    ';',
    '=',
    '~',
  ],
];
const urls = fc.array(fc.constantFrom(...URL_PARTS), { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''));

/** Every place of HTML and SVG that holds one URL: element and attribute, `…` for the URL. */
const SINGLE = [
  ...['<a href="…">', '<area href="…">', '<base href="…">', '<link href="…">', '<img src="…">', '<script src="…">'],
  ...[
    '<iframe src="…">',
    '<embed src="…">',
    '<source src="…">',
    '<track src="…">',
    '<video src="…">',
    '<audio src="…">',
  ],
  ...[
    '<video poster="…">',
    '<input src="…">',
    '<input formaction="…">',
    '<button formaction="…">',
    '<form action="…">',
  ],
  ...['<object data="…">', '<object codebase="…">', '<blockquote cite="…">', '<q cite="…">', '<del cite="…">'],
  ...['<ins cite="…">', '<body background="…">', '<p background="…">', '<img longdesc="…">', '<img lowsrc="…">'],
  ...['<img dynsrc="…">', '<html manifest="…">', '<embed pluginspage="…">', '<frameset><frame src="…">'],
  ...['<svg><a href="…">', '<svg><a xlink:href="…">', '<svg><image href="…">', '<svg><use xlink:href="…">'],
  ...['<svg xml:base="…">', '<meta property="og:url" content="…">', '<param name="movie" value="…">'],
  ...["<img src='…'>", '<IMG SRC = "…">'],
];
/** Places that hold several, with what parts them there. */
const LISTS: readonly (readonly [place: string, between: string])[] = [
  ['<a ping="…">', ' '],
  ['<img attributionsrc="…">', ' '],
  ['<img srcset="…">', ' 1x, '],
  ['<source srcset="…">', ' 100w , '],
  ['<link imagesrcset="…">', ', '],
];

test('html oracle: the public page leads where the backend page led, from every URL attribute', TIMEOUT, () => {
  const compared = new Map<string, number>();
  fc.assert(
    fc.property(urls, fc.constantFrom(...SINGLE), (url, place) => {
      const input = place.replace('…', () => url);
      const [before = ''] = readUrls(input, place);
      const [after = ''] = readUrls(rewriteWhole(input, 'html'), place);
      if (comparePlaces(before, after, input)) compared.set(place, (compared.get(place) ?? 0) + 1);
    }),
    { numRuns: 40_000 },
  );
  for (const place of SINGLE) assert.ok((compared.get(place) ?? 0) > 100, `${place}: ${compared.get(place)} compared`);
});

test('html oracle: the same for attributes that hold several URLs', TIMEOUT, () => {
  // White space and commas part the URLs; a URL with them in it is another list.
  const listed = urls.filter((url) => !/[\t ,]/.test(url));
  let compared = 0;
  fc.assert(
    fc.property(
      fc.array(listed, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...LISTS),
      (list, [place, between]) => {
        const input = place.replace('…', () => list.join(between));
        const before = readUrls(input, place, between);
        const after = readUrls(rewriteWhole(input, 'html'), place, between);
        assert.equal(after.length, before.length, input);
        for (const [index, url] of before.entries()) if (comparePlaces(url, after[index] ?? '', input)) compared++;
      },
    ),
    { numRuns: 10_000 },
  );
  assert.ok(compared > 5_000, `${compared} compared`);
});

/** Whether there is an answer; fails where it is wrong. */
function comparePlaces(before: string, after: string, input: string): boolean {
  const wanted = publicPlace(before);
  if (wanted !== undefined) assert.equal(resolve(after, PUBLIC_PAGE), wanted, JSON.stringify({ input, after }));
  return wanted !== undefined;
}

/** The URLs at the place of `…`, character references resolved by parse5. */
function readUrls(html: string, place: string, between = ''): string[] {
  const [, name = ''] = /([a-z:]+)\s*=\s*["']…/i.exec(place) ?? [];
  const value = findAttribute(parse(html), name.toLowerCase());
  assert.ok(value !== undefined, html);
  return between === '' ? [value] : value.split(between);
}

/** The value of the first attribute of that name, with its prefix, in the order of the document. */
function findAttribute(node: DefaultTreeAdapterTypes.Node, name: string): string | undefined {
  if (defaultTreeAdapter.isElementNode(node)) {
    const found = node.attrs.find((attribute) => [attribute.prefix, attribute.name].filter(Boolean).join(':') === name);
    if (found !== undefined) return found.value;
  }
  if (!('childNodes' in node)) return undefined;
  for (const child of node.childNodes) {
    const found = findAttribute(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function resolve(url: string, page: string): string {
  // Not by URL.canParse: once it is compiled, that of Node.js 20 reads characters above 7F of such strings as UTF-8.
  try {
    return new URL(url, page).href;
  } catch {
    return `unusable ${url}`;
  }
}

/** Where a client of the public page must get to; undefined where the answer is no question of mapping. */
function publicPlace(url: string): string | undefined {
  const trimmed = url.replace(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, '');
  // Relative to a page of the same scheme, an authority to any other: both ends cannot agree.
  if (/^(?:https?|wss?):(?![/\\]{2})/i.test(trimmed)) return undefined;
  const whole = resolve(url, BACKEND_PAGE);
  if (whole.startsWith('unusable ')) return undefined;
  const resolved = new URL(whole);
  // Above the root a browser stops; and whether a path lies below the mount is asked of the path as routing sees it.
  if (/\.\.|%2e|\/\.(?:[/\\?#]|$)/i.test(trimmed)) return undefined;
  if (/app/.test(trimmed) && /[/\\]{2}|%2f|[/\\]\./i.test(resolved.pathname + trimmed.slice(2))) return undefined;
  // A backend URL inside the URL is mapped as well: that is the matcher's affair.
  if ((resolved.pathname + resolved.search + resolved.hash).includes('127.0.0.1')) return undefined;
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(resolved.protocol)) return resolved.href;
  if (resolved.host !== '127.0.0.1:8080') {
    if (resolved.username !== '') return undefined;
    const isForeign = /^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(trimmed);
    return isForeign && !/^[/\\]{2}/.test(trimmed) ? resolved.href : undefined;
  }
  const path = resolved.pathname;
  const isBelow = path === '/app' || path.startsWith('/app/');
  const scheme = resolved.protocol.startsWith('w') ? 'wss' : 'https';
  const prefix = isBelow ? '' : '/app';
  return resolved.href.replace(/^\w+:\/\/([^/]*@)?127\.0\.0\.1:8080/, `${scheme}://$1example.com${prefix}`);
}

test('html oracle: the quick look at bytes decides as the URL map does', TIMEOUT, () => {
  fc.assert(
    fc.property(urls, (url) => {
      assert.equal(rewriteWhole(`<a href="${url}">`, 'html'), `<a href="${exampleMap.toPublicEscaped(url, 'html')}">`);
    }),
    { numRuns: 20_000 },
  );
});

const MARKUP = [
  ...[
    '<a href="/x">',
    "<a href='http://127.0.0.1:8080/x'>",
    '<img src=/x srcset="/a 1x, /b 2x">',
    '<p style="a:url(/x)">',
  ],
  ...['<script>location="/x"</script>', '<style>@import "/x";a{b:url(/y)}</style>', '<iframe srcdoc="<a href=/x>">'],
  ...[
    'http://127.0.0.1:8080/x',
    ' http:\\/\\/127.0.0.1:8080\\/y ',
    '<!--',
    '-->',
    '<textarea>',
    '</textarea>',
    '<svg>',
    '</svg>',
  ],
  ...[
    '<title>',
    '</title>',
    '<script>',
    '</script>',
    '<style>',
    '</style>',
    '<div data-no-rewrite>',
    '</div>',
    '"',
    "'",
    '>',
    '<',
  ],
  ...[
    'text &amp; more',
    '<meta http-equiv=refresh content="0;url=/x">',
    '<head>',
    '</head>',
    '<base href="/x/">',
    '\0',
    '\xff',
  ],
  ...[
    '<b onclick="location=\'/x\'">',
    '<p data-x="http://127.0.0.1:8080/',
    '<a href=" /x',
    '=',
    '/',
    '<![CDATA[',
    ']]>',
    '&#47;',
  ],
];
const documents = fc.array(fc.constantFrom(...MARKUP), { maxLength: 16 }).map((parts) => parts.join(''));

test('html: rewriting what was rewritten changes nothing', TIMEOUT, () => {
  fc.assert(
    fc.property(documents, (html) => {
      const once = rewriteWhole(html, 'html');
      assert.equal(rewriteWhole(once, 'html'), once);
    }),
    { numRuns: 3000 },
  );
});

test('html: the same at random splits, and nothing but URLs changes', TIMEOUT, () => {
  fc.assert(
    fc.property(documents, fc.nat(), (html, seed) => {
      const whole = rewriteWhole(html, 'html');
      const transform = rewriteTransform(exampleMap, { language: 'html', charset: undefined });
      const pieces = cutAtRandom(Buffer.from(html, 'latin1'), seededRandom(seed));
      assert.equal(runTransform(transform, pieces).bytes.toString('latin1'), whole);
      assert.equal(withoutMounts(whole), withoutMounts(html));
    }),
    { numRuns: 3000 },
  );
});

function cutAtRandom(bytes: Buffer, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const length = 1 + Math.floor(random() * 12);
    pieces.push(bytes.subarray(start, start + length));
    start += length;
  }
  return pieces;
}

/** A text without what tells the public from the backend form. */
function withoutMounts(text: string): string {
  return text
    .replace(/http:(\\?\/\\?\/)127\.0\.0\.1:8080|https:(\\?\/\\?\/)example\.com/g, 'O$1$2')
    .replace(/(?:\\?\/|&#47;)app/g, '');
}

test('html: nothing names the backend where a browser would load or show it', TIMEOUT, () => {
  const complete = [
    '<a href="http://127.0.0.1:8080/x">http://127.0.0.1:8080</a>',
    "<p style='a:url(&quot;//127.0.0.1:8080/x&quot;)' data-x=http://127.0.0.1:8080>",
    '<script>u="http:\\/\\/127.0.0.1:8080\\/y"</script>',
    '<style>@import "http://127.0.0.1:8080/x";</style>',
    '<iframe srcdoc="&lt;img src=http://127.0.0.1:8080/x&gt;"></iframe>',
    '<img srcset="//127.0.0.1:8080/a 1x, https://127.0.0.1:8080/b 2x">',
    '<b onclick="open(&quot;http://127.0.0.1:8080&quot;)">',
    '<meta property=og:url content=http://127.0.0.1:8080/>',
    '<svg><style>a{b:url(http://127.0.0.1:8080/x)}</style></svg>',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...complete), { maxLength: 12 }), (parts) => {
      const output = rewriteWhole(parts.join('\n'), 'html');
      assert.ok(!output.includes('127.0.0.1'), output);
    }),
    { numRuns: 300 },
  );
});
