// Properties of HTML rewriting with judges of their own: parse5 and the URL class, the URL map, and the scanner itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultTreeAdapter, parseFragment } from 'parse5';
import { seededRandom } from '../../../test/kit/every-split.ts';
import { exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { rewriteTransform } from '../languages.ts';

const TIMEOUT = { timeout: 120_000 };
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

test('html oracle: the public page leads where the backend page led', TIMEOUT, () => {
  let compared = 0;
  fc.assert(
    fc.property(urls, fc.constantFrom('<a href=', '<img src=', '<form action=', '<object data='), (url, tag) => {
      const input = `${tag}"${url}">`;
      const before = readFirstUrl(input);
      const after = readFirstUrl(rewriteWhole(input, 'html'));
      const wanted = publicPlace(before);
      if (wanted === undefined) return;
      compared++;
      assert.equal(resolve(after, PUBLIC_PAGE), wanted, JSON.stringify({ input, after }));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(compared > 5_000, `${compared} compared`);
});

/** The value of the first attribute, character references resolved by parse5. */
function readFirstUrl(html: string): string {
  const [node] = parseFragment(html).childNodes;
  assert.ok(node !== undefined && defaultTreeAdapter.isElementNode(node), html);
  return node.attrs[0]?.value ?? '';
}

function resolve(url: string, page: string): string {
  return URL.canParse(url, page) ? new URL(url, page).href : `unusable ${url}`;
}

/** Where a client of the public page must get to; undefined where the answer is no question of mapping. */
function publicPlace(url: string): string | undefined {
  const trimmed = url.replace(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, '');
  // Relative to a page of the same scheme, an authority to any other: both ends cannot agree.
  if (/^(?:https?|wss?):(?![/\\]{2})/i.test(trimmed)) return undefined;
  if (!URL.canParse(url, BACKEND_PAGE)) return undefined;
  const resolved = new URL(url, BACKEND_PAGE);
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
