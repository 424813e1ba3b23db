// The backends in examples/backends/ run, behind the front configuration that each of them names.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ask } from '../kit/ask.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { startProcess } from '../kit/process.ts';
import { projectRoot } from '../kit/project-root.ts';

const LIMIT = { timeout: 120_000 };
const backendDir = join(projectRoot, 'examples', 'backends');
const HOST = ['Host: www.example.com'];

for (const file of readdirSync(backendDir)) {
  test(`examples/backends/${file}`, LIMIT, async (t) => {
    const text = readFileSync(join(backendDir, file), 'utf8');
    const [, config = ''] = /^\/\/ [\s\S]*?Behind\s+(?:\/\/ )?examples\/([\w-]+\.yaml)/.exec(text) ?? [];
    const { front, backendPort } = await startBoth(t, file, config);
    if (config === 'nevow.yaml') {
      const page = await ask(front.port, '/a/b/?x=1', { lines: HOST });
      assert.equal(page.body, 'http://www.example.com/a/b/\n');
      const leaf = await ask(front.port, '/a/b?x=1?y', { lines: HOST });
      assert.deepEqual([leaf.status, leaf.headers['location']], [302, 'http://www.example.com/a/b/?x=1?y']);
      assert.equal((await ask(backendPort, '/vhost/ftp/h/')).status, 400);
    } else {
      assert.equal(config, 'zope.yaml');
      const lines = ['Host: www.b.example:8080'];
      assert.equal(
        (await ask(front.port, '/app/x?q', { lines })).body,
        'B at http://www.b.example:8080/app/\nthis page: http://www.b.example:8080/app/x?q\nanother one: http://www.b.example:8080/app/x/more\n',
      );
    }
  });
}

test('examples/backends/express.mjs sets its session cookie by the public scheme', LIMIT, async (t) => {
  const { backendPort } = await startBoth(t, 'express.mjs', 'nevow.yaml');
  const secure = await ask(backendPort, '/vhost/https/www.example.com:443/login');
  assert.match(secure.headers['set-cookie'] ?? '', /; Path=\/; HttpOnly; Secure$/);
  assert.equal(secure.headers['location'], 'https://www.example.com/');
  const plain = await ask(backendPort, '/vhost/http/www.example.com/login');
  assert.match(plain.headers['set-cookie'] ?? '', /; Path=\/; HttpOnly$/);
});

/** The backend on a free port, and Portico with the example's text, in which only the ports are others. */
async function startBoth(
  t: TestContext,
  backend: string,
  config: string,
): Promise<{ front: Portico; backendPort: number }> {
  const running = startProcess(t, process.execPath, [join(backendDir, backend)], { env: { PORT: '0' }, name: backend });
  await running.untilOutput(/listening on \S+:\d+/);
  const backendPort = Number(/:(\d+)\s*$/m.exec(running.stdout)?.[1]);
  const text = readFileSync(join(projectRoot, 'examples', config), 'utf8');
  const demo = join(projectRoot, 'examples', 'demo');
  const written = text
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replaceAll('127.0.0.1:8081', `127.0.0.1:${backendPort}`)
    .replaceAll('./demo', demo);
  return { front: await startPortico(t, { config: written }), backendPort };
}
