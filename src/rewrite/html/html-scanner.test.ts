// Tests of the HTML scanner: attributes, inline languages, text, opting out, findings; each case at every split.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRewritten, exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import { parseBaseUrl } from '../base-url.ts';
import { rewriteText } from '../scanner.ts';
import { UrlMap } from '../url-map.ts';
import { HtmlScanner } from './html-scanner.ts';

const TIMEOUT = { timeout: 300_000 };

/** Input and what becomes of it; alone: it stays. */
type Case = readonly [input: string, expected?: string];

function check(cases: readonly Case[], language: 'html' | 'xhtml' = 'html'): void {
  for (const [input, expected = input] of cases) assertRewritten(language, input, expected);
}

test('html: attributes that hold a URL', TIMEOUT, () => {
  check([
    ['<a href="/x">', '<a href="/app/x">'],
    ['<a href="/app/x"><a href="/app"><a href="/app?q"><a href="/app#f">'],
    ['<a href="/apple"><a href="/app.html">', '<a href="/app/apple"><a href="/app/app.html">'],
    ['<a href="//127.0.0.1:8080/x">', '<a href="//example.com/app/x">'],
    ['<a href="http://127.0.0.1:8080/app/x">', '<a href="https://example.com/app/x">'],
    ['<a href="http://127.0.0.1:8080/a/../../x">', '<a href="https://example.com/app/x">'],
    [
      '<a href="http://127.0.0.1:8080/x?u=http://127.0.0.1:8080/y">',
      '<a href="https://example.com/app/x?u=https://example.com/app/y">',
    ],
    [
      '<a href="http://127.1:8080/x"><a href="http://0x7f.1:8080/x">',
      '<a href="https://example.com/app/x"><a href="https://example.com/app/x">',
    ],
    ['<a href="HTTP://127.0.0.1:8080/x">', '<a href="https://example.com/app/x">'],
    ['<a href="\thttp://127.0.0.1:8080/x\n">', '<a href="\thttps://example.com/app/x\n">'],
    ['<a href="/x\ty">', '<a href="/app/x\ty">'],
    ['<a href="/\t/other.example/">'],
    [
      '<a href="/x?next=http%3A%2F%2F127.0.0.1%3A8080%2Fy">',
      '<a href="/app/x?next=https%3A%2F%2Fexample.com%2Fapp%2Fy">',
    ],
    ['<a href="http&colon;&sol;&sol;127.0.0.1:8080/x">', '<a href="https&colon;&sol;&sol;example.com&sol;app/x">'],
    ['<a href="&#47;x">', '<a href="&#47;app&#47;x">'],
    ['<a href="/a&amp;b?c&amp;d">', '<a href="/app/a&amp;b?c&amp;d">'],
    ['<a href=&#x2f;x>', '<a href=&#x2f;app&#x2f;x>'],
    ['<img src=/a longdesc=/b lowsrc=/c dynsrc=/d>', '<img src=/app/a longdesc=/app/b lowsrc=/app/c dynsrc=/app/d>'],
    [
      '<object data="/o" codebase="/c" archive="/a /b">',
      '<object data="/app/o" codebase="/app/c" archive="/app/a /app/b">',
    ],
    ['<div data="/o" manifest="/m">'],
    ['<html manifest="/m">', '<html manifest="/app/m">'],
    ['<a ping="/p  /q\n/r" href="x">', '<a ping="/app/p  /app/q\n/app/r" href="x">'],
    ['<a attributionsrc="/p /q">', '<a attributionsrc="/app/p /app/q">'],
    [
      '<param name="movie" value="/m.swf"><param name="id" value="/x">',
      '<param name="movie" value="/app/m.swf"><param name="id" value="/x">',
    ],
    ['<my-link href="/x"></my-link>', '<my-link href="/app/x"></my-link>'],
    ['<iframe csp="img-src http://127.0.0.1:8080">', '<iframe csp="img-src https://example.com">'],
    ['<svg><a xlink:href="/x"/><image href="/i"/></svg>', '<svg><a xlink:href="/app/x"/><image href="/app/i"/></svg>'],
  ]);
});

test('html: URLs and values that stay', TIMEOUT, () => {
  check([
    ['<a href=""><a href><a href="#a"><a href="?a"><a href="x"><a href="./x">'],
    ['<a href="mailto:a@127.0.0.1:8080"><a href="tel:1"><a href="data:text/plain,http://127.0.0.1:8080/x">'],
    [
      '<a href="blob:http://127.0.0.1:8080/x"><a href="https://cdn.example.net/x"><a href="http://127.0.0.1:8080@evil/">',
    ],
    ['<input value="/x"><input value="http://127.0.0.1:8080/x"><button value="http://127.0.0.1:8080/">'],
    ['<div itemtype="http://127.0.0.1:8080/T" itemid="http://127.0.0.1:8080/i" typeof="http://127.0.0.1:8080/t">'],
    ['<html xmlns:x="http://127.0.0.1:8080/x" xmlns="http://127.0.0.1:8080/y">'],
    ['<a rel="http://127.0.0.1:8080/rel">'],
    ['<a data-href="/x" xhref="/x" hrefx="/x" title="/x">'],
    ['</a href="/x"></p src=http://127.0.0.1:8080/>'],
    ['<!-- <a href="/x"> http://127.0.0.1:8080/ --><!a href="/x"><?a href="/x">'],
    ['<textarea><a href="/x">http://127.0.0.1:8080/</textarea><title>http://127.0.0.1:8080/</title>'],
    ['<xmp><a href="/x"></xmp><noembed><a href="/x"></noembed><iframe><a href="/x"></iframe>'],
    ['<plaintext><a href="/x">http://127.0.0.1:8080/'],
    ['<a href="/x'],
    ['<a href=/x'],
  ]);
});

test('html: text and attributes of unknown meaning keep all but authorities', TIMEOUT, () => {
  check([
    ['<p>See http://127.0.0.1:8080/x, /y', '<p>See https://example.com/app/x, /y'],
    ['<p>http://127.0.0.1:8080</p>', '<p>https://example.com/app</p>'],
    ['a < b http://127.0.0.1:8080/x <3 c', 'a < b https://example.com/app/x <3 c'],
    ['<p data-u="http://127.0.0.1:8080/x" data-v="/y">', '<p data-u="https://example.com/app/x" data-v="/y">'],
    [
      '<div data-p=\'{"u":"http:\\/\\/127.0.0.1:8080\\/x"}\'>',
      '<div data-p=\'{"u":"https:\\/\\/example.com\\/app\\/x"}\'>',
    ],
    ['<svg><![CDATA[ http://127.0.0.1:8080/x ]]></svg>', '<svg><![CDATA[ https://example.com/app/x ]]></svg>'],
    ['<a alt="\xe9 http://127.0.0.1:8080/\xff">\xc3', '<a alt="\xe9 https://example.com/app/\xff">\xc3'],
    [
      '<noscript><img src="/x">http://127.0.0.1:8080/</noscript>',
      '<noscript><img src="/app/x">https://example.com/app/</noscript>',
    ],
  ]);
});

test('html: candidate lists', TIMEOUT, () => {
  check([
    ['<img srcset="/a 1x, /b 2x">', '<img srcset="/app/a 1x, /app/b 2x">'],
    ['<img srcset="/a,/b">', '<img srcset="/app/a,/b">'],
    ['<img srcset="/a, /b,">', '<img srcset="/app/a, /app/b,">'],
    ['<img srcset=" , /a ,, /b 2x , x/c">', '<img srcset=" , /app/a ,, /app/b 2x , x/c">'],
    ['<img srcset="/a 1x (x,/y) , /b">', '<img srcset="/app/a 1x (x,/y) , /app/b">'],
    ['<img srcset="/a?b,c 1x,/d,e 2x">', '<img srcset="/app/a?b,c 1x,/app/d,e 2x">'],
    ['<img srcset="/a?b&amp;c 1x&#44; &#x2f;d 2x">', '<img srcset="/app/a?b&amp;c 1x&#44; &#x2f;app&#x2f;d 2x">'],
    [
      '<source srcset="http://127.0.0.1:8080/a 1x, data:a,/b 2x">',
      '<source srcset="https://example.com/app/a 1x, data:a,/b 2x">',
    ],
  ]);
});

test('html: metas', TIMEOUT, () => {
  const policy = "img-src 'self' http://127.0.0.1:8080; script-src http://127.0.0.1:8080/js/";
  const mapped = "img-src 'self' https://example.com; script-src https://example.com/app/js/";
  check([
    ['<meta http-equiv=refresh content="0;/x">', '<meta http-equiv=refresh content="0;/app/x">'],
    [
      '<meta http-equiv=refresh content="0; url=&#39;/x&#39;">',
      '<meta http-equiv=refresh content="0; url=&#39;/app/x&#39;">',
    ],
    ['<meta http-equiv=refresh content="5"><meta http-equiv=refresh content="5;url=">'],
    ['<meta property="og:image" content="/i">', '<meta property="og:image" content="/app/i">'],
    ['<meta content="/i" name=TWITTER:IMAGE>', '<meta content="/app/i" name=TWITTER:IMAGE>'],
    ['<meta itemprop=image content=/i>', '<meta itemprop=image content=/app/i>'],
    [
      '<meta name=description content="/etc http://127.0.0.1:8080/x">',
      '<meta name=description content="/etc https://example.com/app/x">',
    ],
    [
      '<meta name="msapplication-task" content="name=T;action-uri=/a;icon-uri=/i.ico">',
      '<meta name="msapplication-task" content="name=T;action-uri=/app/a;icon-uri=/app/i.ico">',
    ],
    [
      `<meta http-equiv=Content-Security-Policy content="${policy}">`,
      `<meta http-equiv=Content-Security-Policy content="${mapped}">`,
    ],
    ['<base href="/a/"><base href=http://127.0.0.1:8080>', '<base href="/app/a/"><base href=https://example.com/app/>'],
  ]);
});

test('html: languages inside', TIMEOUT, () => {
  check([
    ['<p style="a:url(/x)">', '<p style="a:url(/app/x)">'],
    ["<p style='a:url(&quot;/x&quot;);b:&quot;/y&quot;'>", "<p style='a:url(&quot;/app/x&quot;);b:&quot;/y&quot;'>"],
    [
      '<rect fill="url(/g#a)" stroke="url(#b)" filter="url(&apos;/f&apos;)"/>',
      '<rect fill="url(/app/g#a)" stroke="url(#b)" filter="url(&apos;/app/f&apos;)"/>',
    ],
    ['<style>a{b:url(/x)}</style>', '<style>a{b:url(/app/x)}</style>'],
    ['<style>@import "/x";a{b:"</style"}</style>', '<style>@import "/app/x";a{b:"</style"}</style>'],
    [
      '<svg><style>a{b:url(/x)}</style><script>import "/m"</script></svg>',
      '<svg><style>a{b:url(/app/x)}</style><script>import "/app/m"</script></svg>',
    ],
    ['<b onclick="location=\'/x\'">', '<b onclick="location=\'/app/x\'">'],
    [
      '<b onclick="location=&quot;/x&quot;; f(&quot;/y&quot;)">',
      '<b onclick="location=&quot;/app/x&quot;; f(&quot;/y&quot;)">',
    ],
    ['<a href="javascript:location=\'/x\'">', '<a href="javascript:location=\'/app/x\'">'],
    ['<a href=" JavaScript:location=&apos;/x&apos;">', '<a href=" JavaScript:location=&apos;/app/x&apos;">'],
    ['<b one="/x" on-x="/x" on="location=\'/x\'">'],
    ['<script>location="/x";f("/y")</script>', '<script>location="/app/x";f("/y")</script>'],
    ['<script type=module>import"/x"</script>', '<script type=module>import"/app/x"</script>'],
    [
      '<script type="text/x-template"><a href="/x">http://127.0.0.1:8080/</script>',
      '<script type="text/x-template"><a href="/x">https://example.com/app/</script>',
    ],
    [
      '<script type="application/json">{"openapi":"3.0.0","servers":[{"url":"/v1"}]}</script>',
      '<script type="application/json">{"openapi":"3.0.0","servers":[{"url":"/app/v1"}]}</script>',
    ],
    [
      '<script type="application/json">{"u":"/v1","v":"http://127.0.0.1:8080"}</script>',
      '<script type="application/json">{"u":"/v1","v":"https://example.com/app"}</script>',
    ],
    [
      '<script language="JavaScript">location="/x"</script>',
      '<script language="JavaScript">location="/app/x"</script>',
    ],
    [
      '<script type=importmap>{"imports":{"a":"/a"}}</script>',
      '<script type=importmap>{"imports":{"a":"/app/a"}}</script>',
    ],
    [
      '<iframe srcdoc="<a href=/x><p style=&quot;a:url(/y)&quot;>">',
      '<iframe srcdoc="<a href=/app/x><p style=&quot;a:url(/app/y)&quot;>">',
    ],
    ['<iframe srcdoc="&lt;a href=&amp;#47;x&gt;">', '<iframe srcdoc="&lt;a href=&amp;#47;app&amp;#47;x&gt;">'],
    [
      '<iframe srcdoc="&lt;iframe srcdoc=&quot;&lt;a href=/x>&quot;>">',
      '<iframe srcdoc="&lt;iframe srcdoc=&quot;&lt;a href=/app/x>&quot;>">',
    ],
  ]);
});

test('html: an element that opts out is left alone with all that is in it', TIMEOUT, () => {
  check([
    ['<a href="/x" data-no-rewrite><b>http://127.0.0.1:8080/</b></a><i>'],
    [
      '<a data-no-rewrite href="/x">http://127.0.0.1:8080/</a><a href="/y">',
      '<a data-no-rewrite href="/x">http://127.0.0.1:8080/</a><a href="/app/y">',
    ],
    [
      '<div data-no-rewrite="1"><div><a href="/x"></div><script>location="/x"</script><style>a{b:url(/x)}</style></div><p style="a:url(/y)">',
      '<div data-no-rewrite="1"><div><a href="/x"></div><script>location="/x"</script><style>a{b:url(/x)}</style></div><p style="a:url(/app/y)">',
    ],
    ['<img data-no-rewrite src=/x><img src=/y>', '<img data-no-rewrite src=/x><img src=/app/y>'],
    [
      '<script data-no-rewrite>location="/x"</script><a href=/y>',
      '<script data-no-rewrite>location="/x"</script><a href=/app/y>',
    ],
    [
      '<svg data-no-rewrite><svg/><a href="/x"/></svg><a href="/y">',
      '<svg data-no-rewrite><svg/><a href="/x"/></svg><a href="/app/y">',
    ],
    [
      '<svg><g data-no-rewrite href="/x"/><a href="/y"/></svg>',
      '<svg><g data-no-rewrite href="/x"/><a href="/app/y"/></svg>',
    ],
  ]);
});

test('html: XML rules', TIMEOUT, () => {
  check(
    [
      [
        '<?xml version="1.0"?><html><script src="/a"/><a href="/b"/></html>',
        '<?xml version="1.0"?><html><script src="/app/a"/><a href="/app/b"/></html>',
      ],
      [
        '<!DOCTYPE html [<!ENTITY a "<x href=\'/b\'>">]><a href="/x"/>',
        '<!DOCTYPE html [<!ENTITY a "<x href=\'/b\'>">]><a href="/app/x"/>',
      ],
      [
        '<script>//<![CDATA[\nx="</script>";location="/x"\n//]]></script><a href="/y"/>',
        '<script>//<![CDATA[\nx="</script>";location="/app/x"\n//]]></script><a href="/app/y"/>',
      ],
      ['<p><![CDATA[<a href="/x">]]></p><a href="/y"/>', '<p><![CDATA[<a href="/x">]]></p><a href="/app/y"/>'],
      ['<title/><a href="/x"/><xmp><a href="/y"/></xmp>', '<title/><a href="/app/x"/><xmp><a href="/app/y"/></xmp>'],
      ['<!--> <a href="/x"/> --><a href="/y"/>', '<!--> <a href="/x"/> --><a href="/app/y"/>'],
      ['<?a b="?" <a href="/x"> ?><a href="/y"/>', '<?a b="?" <a href="/x"> ?><a href="/app/y"/>'],
      [
        '<textarea><![CDATA[</textarea>]]>http://127.0.0.1:8080/</textarea><a href="/y"/>',
        '<textarea><![CDATA[</textarea>]]>http://127.0.0.1:8080/</textarea><a href="/app/y"/>',
      ],
      ['<style>a{b:url(/x)}</style>', '<style>a{b:url(/app/x)}</style>'],
      [
        '<?xml-stylesheet href="/s.css" type="text/css"?><a href="/y"/>',
        '<?xml-stylesheet href="/app/s.css" type="text/css"?><a href="/app/y"/>',
      ],
    ],
    'xhtml',
  );
});

test('html: a root mount changes authorities only, and text only if asked', TIMEOUT, () => {
  const map = new UrlMap({
    public: parseBaseUrl('https://example.com/'),
    backend: parseBaseUrl('http://127.0.0.1:8080/'),
  });
  const input = '<a href="/x"><a href="http://127.0.0.1:8080/y">http://127.0.0.1:8080/z';
  const expected = '<a href="/x"><a href="https://example.com/y">https://example.com/z';
  assertRewritten('html', input, expected, () => ({}), map);
  assertRewritten('html', input, expected.replace('com/z', 'com/z'), () => ({ mapsText: true }), map);
  assert.equal(
    rewriteWhole(input, 'html', map, { mapsText: false }),
    '<a href="/x"><a href="https://example.com/y">http://127.0.0.1:8080/z',
  );
});

test('html: what was found', TIMEOUT, () => {
  const scanner = new HtmlScanner(exampleMap);
  rewriteText(
    scanner,
    '<base href="/b/"><script src="/a.js" integrity="x"></script><script src="b.js" nonce=n1></script><script>1</script>' +
      '<script src="//127.0.0.1:8080/c.js"></script><script src="https://cdn.example.net/d.js" integrity="y"></script>' +
      '<link rel="x modulepreload" href="/m.js"><link rel=stylesheet href="s.css" integrity="z">' +
      '<script type="application/json" src="/n.json">{}</script><template><script src="/t.js"></script></template>' +
      '<meta http-equiv="content-security-policy" content="img-src http://127.0.0.1:8080">',
  );
  const { scripts, base, nonce, integrityUrls, policies, unexaminedBytes } = scanner.findings;
  assert.deepEqual(scripts, { none: 1, relative: 1, rooted: 2, public: 0, absolute: 1, foreign: 1 });
  assert.deepEqual({ base, nonce, unexaminedBytes }, { base: 'rooted', nonce: 'n1', unexaminedBytes: 0 });
  assert.deepEqual(integrityUrls, ['/a.js', 's.css']);
  assert.deepEqual(policies, ['img-src https://example.com']);
  rewriteText(scanner, '<p>');
  assert.equal(scanner.findings.base, 'none', 'findings begin anew with each document');
});
