// The rewriting corpus against the real executable: bodies whole and octet by octet.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { skipUnless } from '../kit/debian.ts';
import { porticoExecutable } from '../kit/portico.ts';
import { projectRoot } from '../kit/project-root.ts';

const LIMIT_MS = 240_000;
const folder = join(projectRoot, 'test', 'conformance', 'rewrite');
/** Cases whose backend has a name that this machine need not know; a run that skips more must not look green. */
const CASES_WITH_NAMES = 7;
const CASES = 242;

// Both runs want the ports that the corpus names, so that they run one behind the other.
describe('rewriting corpus, live', { skip: skipUnless('python3'), concurrency: 1 }, () => {
  let obstacle: string | undefined;
  let knowsName = false;
  before(async () => {
    obstacle = await findObstacle();
    knowsName = await lookup('backend.internal').then(
      ({ address }) => address === '127.0.0.1',
      () => false,
    );
  });

  for (const [name, split] of [
    ['whole bodies', 0],
    ['one octet at a time', 1],
  ] as const) {
    test(name, { timeout: LIMIT_MS + 10_000 }, async (t) => {
      if (obstacle !== undefined) {
        t.skip(obstacle);
        return;
      }
      const output = await runCases(split);
      const [, passed = '', failed = ''] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
      assert.equal(failed, '0', output);
      assert.equal(Number(passed), knowsName ? CASES : CASES - CASES_WITH_NAMES, output);
    });
  }
});

/** The backends of the corpus have fixed addresses, which somebody else may have. */
async function findObstacle(): Promise<string | undefined> {
  for (const [host, port] of [
    ['127.0.0.1', 8080],
    ['127.0.0.1', 80],
    ['::1', 8080],
  ] as const) {
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.on('error', () => resolve(false));
      server.listen(port, host, () => server.close(() => resolve(true)));
    });
    if (!isFree) return `${host} port ${port} is not free, or not ours to open`;
  }
  return undefined;
}

function runCases(split: number): Promise<string> {
  const portico = `'${process.execPath}' '${porticoExecutable}'`;
  const args = [join(folder, 'run-cases.py'), '--portico', portico, '--split', String(split), '--verbose', '--cases'];
  const runner = spawn('python3', [...args, join(folder, 'cases.json')], { timeout: LIMIT_MS });
  let output = '';
  runner.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  runner.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return new Promise((resolve, reject) => {
    runner.on('error', reject);
    runner.on('close', () => resolve(output));
  });
}
