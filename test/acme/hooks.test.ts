// What of the operator runs on the way to a certificate: the DNS hook, the ask URL; and requests that look like challenges.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { NamePermission } from '../../src/acme/ask.ts';
import { createDnsSolver } from '../../src/acme/dns-hook.ts';
import { systemClock } from '../../src/util/clock.ts';
import { ask } from '../kit/ask.ts';
import { atEnd } from '../kit/at-end.ts';
import { startInProcess } from '../kit/in-process.ts';
import { MovableClock } from '../kit/movable-clock.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const TIME = { timeout: 120_000 };

const hooks = [
  {
    what: 'fails',
    code: 'process.stderr.write("no such zone\\u0007\\n"); process.exit(3)',
    message: /present failed \(3\): no such zone$/,
  },
  {
    what: 'never ends',
    code: 'setInterval(() => {}, 1000)',
    timeoutMs: 300,
    message: /present was killed after 0\.3 seconds/,
  },
  { what: 'talks without end', code: 'for (;;) console.log("x".repeat(1000))', message: /present failed/ },
];

for (const { what, code, message, timeoutMs = 30_000 } of hooks)
  test(`a DNS hook that ${what} is told`, TIME, async (t) => {
    const file = join(tempFolder(t), 'hook.mjs');
    writeFileSync(file, code);
    const log = { info() {}, warn() {}, error() {} };
    const solver = createDnsSolver({ command: [process.execPath, file], timeoutMs, waitMs: 0 }, systemClock, log);
    await assert.rejects(solver.present('a.example', 'token', 'authorization'), message);
  });

test('a DNS hook that is not there is told', TIME, async () => {
  const log = { info() {}, warn() {}, error() {} };
  const solver = createDnsSolver({ command: ['/nowhere/hook'], timeoutMs: 1000, waitMs: 0 }, systemClock, log);
  await assert.rejects(
    solver.present('a.example', 'token', 'authorization'),
    /the DNS hook \/nowhere\/hook present failed \(ENOENT\)/,
  );
});

test(
  'the ask URL: one question at a time for a name, refusals remembered for a minute, nonsense never asked',
  TIME,
  async (t) => {
    const asked: string[] = [];
    let status = 404;
    const gate = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => gate.close());
    const clock = new MonotonicClock();
    const permission = new NamePermission(`http://127.0.0.1:${(gate.address() as AddressInfo).port}/a?b=c`, clock);
    t.after(() => permission.close());
    const all = await Promise.all(Array.from({ length: 20 }, () => permission.ask('a.example')));
    assert.ok(all.every((isAllowed) => !isAllowed));
    assert.deepEqual(asked, ['/a?b=c&domain=a.example']);
    for (const name of ['a', 'a..b', '127.0.0.1:80', 'x'.repeat(300), 'a.example/../b', '-a.example', 'a_b.example'])
      assert.equal(await permission.ask(name), false);
    assert.equal(asked.length, 1);
    status = 204;
    assert.equal(await permission.ask('a.example'), false, 'remembered');
    clock.extraMs = 60_001;
    assert.equal(await permission.ask('a.example'), true);
  },
);

test('paths of challenges that are not pending go their usual way', TIME, async (t) => {
  const server = await startInProcess(t, {
    listen: ['http://127.0.0.1:0', 'https://127.0.0.1:0'],
    admin: false,
    storage: tempFolder(t),
    sites: {
      'plain.example.org': { respond: { body: 'from the site' } },
      localhost: { tls: 'auto', respond: { body: 'local' } },
    },
  });
  for (const token of ['Zm9vYmFyYmF6cXV4cXV1eA', '..%2f..%2fauthorities', '']) {
    const { status, body } = await ask(server.port(0), `/.well-known/acme-challenge/${token}`, {
      lines: ['Host: plain.example.org'],
    });
    assert.deepEqual([token, status, body], [token, 200, 'from the site']);
  }
});

/** Its monotonic time can be moved too. */
class MonotonicClock extends MovableClock {
  extraMs = 0;

  override now(): number {
    return super.now() + this.extraMs;
  }
}
