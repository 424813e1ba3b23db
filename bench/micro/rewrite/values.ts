// Nanoseconds per mapped value and per header block: `node dist/bench/micro/rewrite/values.js`.
import { HeaderList } from '../../../src/http/header-list.ts';
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { defaultHeaderPolicy, headersToPublic } from '../../../src/rewrite/headers.ts';
import { MountMap } from '../../../src/rewrite/mount-map.ts';

const mount = new MountMap({ path: '/app/', backends: [parseBaseUrl('http://127.0.0.1:8080')] });
const map = mount.forPublic('https', 'example.com');
const policy = defaultHeaderPolicy('/app/');
const plain = HeaderList.from({
  Date: 'Sun, 06 Nov 1994 08:49:37 GMT',
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Length': '1024',
  Server: 'nginx',
});
const rich = HeaderList.from({
  Location: 'http://127.0.0.1:8080/login?next=%2Fx',
  'Set-Cookie': 'sid=31d4d96e407aad42; Path=/; HttpOnly; SameSite=Lax',
  Link: '</s.css>; rel=preload; as=style, </a.js>; rel=preload; as=script',
  'Content-Security-Policy': "default-src 'self'; connect-src http://127.0.0.1:8080; report-uri /csp",
});

const CASES: Readonly<Record<string, () => unknown>> = {
  'map of a known public origin': () => mount.forPublic('https', 'example.com'),
  'root-relative URL': () => map.toPublic('/items/42?page=2'),
  'URL below the mount': () => map.toPublic('/app/items/42'),
  'absolute URL': () => map.toPublic('http://127.0.0.1:8080/items/42'),
  'foreign URL': () => map.toPublic('https://cdn.example.net/lib.js'),
  'relative URL': () => map.toPublic('../images/x.png'),
  'request target': () => map.targetToBackend('/app/items/42?page=2'),
  'header block with nothing to do': () => headersToPublic(plain, map, policy),
  'header block with four to change': () => headersToPublic(rich, map, policy),
};

const ROUND_MS = 60;
for (const [name, run] of Object.entries(CASES)) {
  const rounds = Array.from({ length: 7 }, () => measureRound(run)).sort((a, b) => a - b);
  process.stdout.write(
    `${name.padEnd(34)} ${(rounds[3] ?? 0).toFixed(0).padStart(6)} ns, best ${(rounds[0] ?? 0).toFixed(0)}\n`,
  );
}

function measureRound(run: () => unknown): number {
  let count = 0;
  let kept: unknown;
  const start = performance.now();
  while (performance.now() - start < ROUND_MS) {
    for (let index = 0; index < 1000; index++) kept = run();
    count += 1000;
  }
  const spent = performance.now() - start;
  if (kept === null) process.exitCode = 1;
  return (spent * 1e6) / count;
}
