import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everySplit } from '../../../test/kit/every-split.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { parseBaseUrl } from '../base-url.ts';
import { scanTransform } from '../scan-sink.ts';
import { rewriteText } from '../scanner.ts';
import { UrlMap } from '../url-map.ts';
import { JsScanner } from './js-scanner.ts';

const map = new UrlMap({
  public: parseBaseUrl('https://example.com/app'),
  backend: parseBaseUrl('http://127.0.0.1:8080'),
});
const rewrite = (source: string) => rewriteText(new JsScanner(map), source);

function check(source: string, expected: string): void {
  assert.equal(rewrite(source), expected);
  everySplit(
    Buffer.from(source, 'latin1'),
    (pieces) => {
      const { bytes } = runTransform(
        scanTransform(() => new JsScanner(map)),
        pieces,
      );
      assert.equal(bytes.toString('latin1'), expected);
    },
    { randomSplits: 5 },
  );
}

describe('sinks', () => {
  const changed: [string, string][] = [
    ['import a from "/a.js"', 'import a from "/app/a.js"'],
    ["import{a as b}from'/a.js'", "import{a as b}from'/app/a.js'"],
    ['import "/a.js"', 'import "/app/a.js"'],
    ['import"/a.js"', 'import"/app/a.js"'],
    ['export * as x from "/a.js"', 'export * as x from "/app/a.js"'],
    ['import("/a.js")', 'import("/app/a.js")'],
    ['import(/* webpackChunkName: "x" */ "/a.js")', 'import(/* webpackChunkName: "x" */ "/app/a.js")'],
    ['import(`/a/${x}.js`)', 'import(`/app/a/${x}.js`)'],
    ['await import( "\\/a.js" )', 'await import( "\\/app\\/a.js" )'],
    ['location="/x"', 'location="/app/x"'],
    ['location.href = "/x" + id', 'location.href = "/app/x" + id'],
    ['window.top.location.pathname=`/x`', 'window.top.location.pathname=`/app/x`'],
    ['if(a){location="/"}', 'if(a){location="/app/"}'],
    ['a(),location.href="/x"', 'a(),location.href="/app/x"'],
    ['globalThis . location . replace ( "/x" )', 'globalThis . location . replace ( "/app/x" )'],
    ['window?.location?.assign("/x")', 'window?.location?.assign("/app/x")'],
    ['new Worker("/w.js",{type:"module"})', 'new Worker("/app/w.js",{type:"module"})'],
    ['new SharedWorker("/w.js")', 'new SharedWorker("/app/w.js")'],
    ['new window.Worker("/w.js")', 'new window.Worker("/app/w.js")'],
    [
      'importScripts("/a.js", f("/no"), "/b.js"); f(a, "/no")',
      'importScripts("/app/a.js", f("/no"), "/app/b.js"); f(a, "/no")',
    ],
    ['self.importScripts("/a.js")', 'self.importScripts("/app/a.js")'],
    ['f()\n//# sourceMappingURL=/a.js.map\n', 'f()\n//# sourceMappingURL=/app/a.js.map\n'],
    ['/*# sourceMappingURL=/a.js.map */', '/*# sourceMappingURL=/app/a.js.map */'],
    ['import "/app/a.js"; import "/b.js"', 'import "/app/a.js"; import "/app/b.js"'],
  ];
  for (const [source, expected] of changed) test(source, () => check(source, expected));

  const same = [
    'fetch("/api"); x.open("GET", "/api")',
    'if (location.pathname === "/x" || location == "/y" || "/z" != location.href) {}',
    'mylocation="/x"; obj.location="/y"; let location_="/z"; this.location = "/x"',
    'let location = "/x"; const location="/y"; var location = `/z`',
    'x = "import a from \'/a.js\'"; y = "location=\\"/x\\""; z = `import "/a"`',
    '/* import a from "/a.js" */ // import "/a.js"',
    'a.import("/a.js"); $import("/a.js"); reimport "/x"',
    'import "./a.js"; import "a"; import "//cdn.example/a.js"; import "https://cdn.example/a.js"',
    'location = "//other.example"; location = "/\\\\other"; location="x"',
    'location += "/x"; location.hash = "/x"; location.search="/x"; location.reload("/x")',
    'new Workers("/w"); Worker("/w"); new MyWorker("/w"); importScripts; ("/a")',
    'x = { from: "/x", import: "/y", location: "/z" }',
    'r = /location="\\/x"/; s = a / location / "/x".length',
    '// see sourceMappingURL=/x.map',
    'document.cookie = "a=b; path=/"',
  ];
  for (const source of same) test(`not: ${source}`, () => check(source, source));
});

describe('JsScanner', () => {
  test('authorities anywhere, code or not', () => {
    check(
      '/* http://127.0.0.1:8080/ */ u="http:\\/\\/127.0.0.1:8080\\/x"',
      '/* https://example.com/app/ */ u="https:\\/\\/example.com\\/app\\/x"',
    );
  });

  test('a sink with an authority is mapped once', () => {
    check(
      'location="http://127.0.0.1:8080/x"; import "//127.0.0.1:8080/a.js"',
      'location="https://example.com/app/x"; import "//example.com/app/a.js"',
    );
  });

  test('listed strings', () => {
    const scanner = new JsScanner(map, { strings: new Set(['/api', '/ws/']) });
    assert.equal(
      rewriteText(scanner, 'a("/api"); b("\\/api"); c("/api/x"); d(\'/ws/\'); e("/other"); f(`/api${x}`)'),
      'a("/app/api"); b("\\/app\\/api"); c("/api/x"); d(\'/app/ws/\'); e("/other"); f(`/api${x}`)',
    );
  });

  test('without a prefix to add only authorities are looked for', () => {
    const root = new UrlMap({
      public: parseBaseUrl('https://example.com'),
      backend: parseBaseUrl('http://127.0.0.1:8080'),
    });
    assert.equal(
      rewriteText(new JsScanner(root), 'import "/a.js"; "http://127.0.0.1:8080/"'),
      'import "/a.js"; "https://example.com/"',
    );
  });

  test('a long literal in a sink is decided by its beginning', () => {
    const long = `/${'x'.repeat(100_000)}`;
    check(`location="${long.slice(0, 3000)}"`, `location="/app${long.slice(0, 3000)}"`);
    assert.equal(rewrite(`location="${long}"`), `location="/app${long}"`);
  });
});
