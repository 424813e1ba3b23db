// The contract of `portico/backend`, one suite for all frameworks: acceptance checks 15 to 20 and 22, by their numbers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, ask } from '../kit/ask.ts';
import { type AppOptions, type Facts, FRAMEWORK_APPS, type RunningApp } from '../kit/framework-apps.ts';
import { readTable } from '../kit/table.ts';

/** A refusal must not take longer: the original hung, or thought about a traceback. */
const REFUSAL_LIMIT_MS = 100;

for (const [framework, start] of Object.entries(FRAMEWORK_APPS)) {
  describe(framework, { timeout: 600_000 }, () => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    let app: RunningApp;
    before(async () => {
      app = await start({ log, trust: ['127.0.0.1'] });
      // The first request of a process loads and compiles; the limits below are about the others.
      await ask(app.port, '/');
    });
    after(() => app.close());

    test('check 15: the application sees the public address, and the self-URL keeps both question marks', async () => {
      const facts = await readFacts(app.port, '/vhost/https/www.example.com:443/a/b?x=1?y=2');
      assert.deepEqual(facts, {
        id: 'b',
        protocol: 'https',
        secure: true,
        host: 'www.example.com',
        hostname: 'www.example.com',
        originalUrl: '/a/b?x=1?y=2',
        url: '/a/b?x=1?y=2',
        baseUrl: '',
        forwardedProto: 'https',
        here: 'https://www.example.com/a/b',
        hereWithQuery: 'https://www.example.com/a/b?x=1?y=2',
        root: 'https://www.example.com/',
      });
    });

    test('check 16: the session cookie is Secure by the form, and its path is the public one', async () => {
      const secure = await ask(app.port, '/vhost/https/www.example.com:443/session');
      assert.equal(secure.status, 200);
      assert.match(secure.headers['set-cookie'] ?? '', /^session=[^;]+;.*path=\/(?:;|$)/im);
      assert.match(secure.headers['set-cookie'] ?? '', /; secure(?:;|$)/im);
      const plain = await ask(app.port, '/vhost/http/www.example.com/session');
      assert.match(plain.headers['set-cookie'] ?? '', /^session=[^;]+;.*path=\/(?:;|$)/im);
      assert.doesNotMatch(plain.headers['set-cookie'] ?? '', /; secure/i);
    });

    test('check 16: redirects are absolute, public, and keep the query', async () => {
      const answer = await ask(app.port, '/vhost/https/www.example.com:8443/docs/x?u=/y?z=1');
      assert.equal(answer.status, 302);
      assert.equal(answer.headers['location'], 'https://www.example.com:8443/docs/x/?u=/y?z=1');
    });

    test('check 17: from an untrusted peer a form is not found, whatever its spelling', async () => {
      for (const target of [
        '/vhost/https/evil.example:443/a/b',
        '/%76host/http/h/',
        '//vhost/http/h/',
        '/VHOST/http/h/',
        '/vhost',
      ]) {
        await expectRefused(target, 404, { from: '127.0.0.2' });
      }
    });

    for (const [target = '', strict] of readTable('vhost-path/nevow-forms.txt', 3)) {
      if (strict !== '400') continue;
      test(`check 18: ${target} is refused quickly and quietly`, () => expectRefused(target, 400));
    }

    test('check 18: nothing behind the host means the root', async () => {
      const answer = await ask(app.port, '/vhost/http/h');
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'http://h/');
    });

    test('check 19: an IPv6 host', async () => {
      const facts = await readFacts(app.port, '/vhost/http/[::1]:8080/a/b');
      assert.equal(facts.host, '[::1]:8080');
      assert.equal(facts.hostname, '[::1]');
      assert.equal(facts.here, 'http://[::1]:8080/a/b');
    });

    test('without a form the application sees its own address', async () => {
      const facts = await readFacts(app.port, '/a/b?x', { lines: ['Host: own.example:8081'] });
      assert.equal(facts.here, 'http://own.example:8081/a/b');
      assert.equal(facts.url, '/a/b?x');
      assert.equal(facts.forwardedProto, undefined);
    });

    test('a path that only looks like the form is an ordinary one', async () => {
      assert.equal((await ask(app.port, '/vhostess/')).body, 'http://127.0.0.1/vhostess/');
    });

    test('two Host lines are refused', async () => {
      const answer = await ask(app.port, '/', { lines: ['Host: a', 'Host: b'] });
      assert.equal(answer.status, 400);
    });

    async function expectRefused(target: string, status: number, question: { from?: string } = {}): Promise<void> {
      const handledBefore = app.handled();
      let fastestMs = Number.POSITIVE_INFINITY;
      let answer: Answer | undefined;
      // A busy machine may take its time often, but not each time.
      for (let attempt = 0; attempt < 100 && fastestMs >= REFUSAL_LIMIT_MS; attempt++) {
        lines.length = 0;
        const start = performance.now();
        answer = await ask(app.port, target, question);
        fastestMs = Math.min(fastestMs, performance.now() - start);
      }
      assert.ok(fastestMs < REFUSAL_LIMIT_MS, `took ${fastestMs} ms`);
      assert.ok(answer !== undefined);
      assert.equal(answer.status, status, target);
      assert.equal(answer.body, status === 400 ? 'Bad Request\n' : 'Not Found\n');
      assert.doesNotMatch(answer.text, /evil|set-cookie| {4}at |\.ts:|\.js:/i);
      assert.equal(app.handled(), handledBefore, 'a route handler ran');
      assert.equal(lines.length, 1);
    }
  });

  describe(`${framework}, other options`, { timeout: 600_000 }, () => {
    async function withApp(options: AppOptions, use: (app: RunningApp) => Promise<void>): Promise<void> {
      const app = await start({ log: () => {}, ...options });
      try {
        await use(app);
      } finally {
        await app.close();
      }
    }

    test('check 19 and 20: compat reads https without a port as 80 and knows no IPv6', () =>
      withApp({ compat: true }, async ({ port }) => {
        assert.equal((await readFacts(port, '/vhost/https/h/a/b')).here, 'https://h:80/a/b');
        assert.equal((await ask(port, '/vhost/http/[::1]:8080/a')).status, 400);
        assert.equal((await readFacts(port, '/vhost/http/one/vhost/https/two:443/a/b')).here, 'https://two/a/b');
      }));

    test('check 20: strictly https without a port is 443', () =>
      withApp({}, async ({ port }) => {
        assert.equal((await readFacts(port, '/vhost/https/h/a/b')).here, 'https://h/a/b');
      }));

    test('check 22: zope gives a prefix beside the path that is looked up', () =>
      withApp({ dialect: 'zope' }, async ({ port }) => {
        const facts = await readFacts(port, '/VirtualHostBase/https/h:443/a/VirtualHostRoot/_vh_app/b?q');
        assert.equal(facts.id, 'b');
        assert.equal(facts.baseUrl, '/app');
        assert.equal(facts.originalUrl, '/app/b?q');
        assert.equal(facts.url, '/a/b?q');
        assert.equal(facts.here, 'https://h/app/b');
        assert.equal(facts.root, 'https://h/app/');
      }));

    test('X-Forwarded-* where they are believed', () =>
      withApp({ headers: 'x-forwarded', trust: ['127.0.0.1'] }, async ({ port }) => {
        const forwarded = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: www.example.com', 'X-Forwarded-Prefix: /app'];
        const facts = await readFacts(port, '/a/b?x', { lines: ['Host: inner:8081', ...forwarded] });
        assert.equal(facts.protocol, 'https');
        assert.equal(facts.host, 'www.example.com');
        assert.equal(facts.url, '/a/b?x');
        assert.equal(facts.originalUrl, '/app/a/b?x');
        assert.equal(facts.baseUrl, '/app');
        assert.equal(facts.hereWithQuery, 'https://www.example.com/app/a/b?x');
        const spoofed = await ask(port, '/a/b', { lines: ['Host: inner', ...forwarded], from: '127.0.0.2' });
        assert.equal(JSON.parse(spoofed.body).here, 'http://inner/a/b');
      }));

    test('Forwarded where it is believed, and only from trusted peers', () =>
      withApp({ headers: 'forwarded', trust: ['127.0.0.1'] }, async ({ port }) => {
        const lines = ['Host: inner:8081', 'Forwarded: for=9.9.9.9;proto=https;host="www.example.com:8443"'];
        assert.equal((await readFacts(port, '/a/b', { lines })).here, 'https://www.example.com:8443/a/b');
        const spoofed = await ask(port, '/a/b', { lines, from: '127.0.0.2' });
        assert.equal(JSON.parse(spoofed.body).here, 'http://inner:8081/a/b');
      }));

    test('a shared secret instead of an address', () =>
      withApp({ secret: { header: 'x-front', value: 'sixteen letters.' } }, async ({ port }) => {
        const target = '/vhost/https/h:443/a/b';
        assert.equal((await ask(port, target)).status, 404);
        const facts = await readFacts(port, target, { lines: ['Host: h', 'X-Front: sixteen letters.'] });
        assert.equal(facts.here, 'https://h/a/b');
      }));

    test('a unix socket is trusted', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'portico-'));
      const path = join(dir, 'app');
      try {
        await withApp({ listen: { path } }, async () => {
          assert.equal((await ask(path, '/vhost/https/h:443/x/')).body, 'https://h/x/');
        });
        await withApp({ listen: { path }, trust: ['loopback'] }, async () => {
          assert.equal((await ask(path, '/vhost/https/h:443/x/')).status, 404);
        });
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  });
}

async function readFacts(port: number, target: string, question: { lines?: readonly string[] } = {}): Promise<Facts> {
  const answer = await ask(port, target, question);
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.body) as Facts;
}
