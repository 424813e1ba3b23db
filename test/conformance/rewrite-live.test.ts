// The rewriting corpus against the real executable: bodies whole and octet by octet, all cases, on a network of its own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestAuthority } from '../kit/certificates.ts';
import { skipUnless } from '../kit/debian.ts';
import { porticoExecutable } from '../kit/portico.ts';
import { projectRoot } from '../kit/project-root.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT_MS = 400_000;
const folder = join(projectRoot, 'test', 'conformance', 'rewrite');
/** Cases whose backend has a name that this machine need not know; a run that skips more must not look green. */
const CASES_WITH_NAMES = 4;
const CASES = 242;

/**
 * A shell line that gives what follows it loopback and a hosts file of its own: the ports of the corpus are then free, and its
 * name is known, whatever else this machine does. Linux, and enough rights for namespaces.
 */
const OWN_NETWORK = 'ip link set lo up && mount --bind "$0" /etc/hosts && exec "$@"';
const HOSTS = '127.0.0.1 localhost backend.internal\n::1 localhost\n';

/** How the corpus can be run here. */
interface Place {
  /** What goes before the command line. */
  readonly command: readonly string[];
  readonly cases: number;
}

// Both runs want the ports that the corpus names, so that they run one behind the other.
describe('rewriting corpus, live', { skip: skipUnless('python3'), concurrency: 1 }, () => {
  let place: Place | string = 'not looked for yet';
  let pem = '';
  const ends: (() => Promise<void>)[] = [];
  after(async () => {
    for (const end of ends) await end();
  });
  before(async () => {
    const temporary = tempFolder({ after: (cleanUp) => ends.push(cleanUp) });
    const authority = await TestAuthority.create();
    const { cert, key } = await authority.issue({ names: ['127.0.0.1'] });
    pem = join(temporary, 'backend.pem');
    writeFileSync(pem, cert + key);
    place = await findPlace(join(temporary, 'hosts'));
  });

  for (const [name, split] of [
    ['whole bodies', 0],
    ['one octet at a time', 1],
  ] as const) {
    test(name, { timeout: LIMIT_MS + 10_000 }, async (t) => {
      if (typeof place === 'string') {
        t.skip(place);
        return;
      }
      const output = await runCases(place.command, ['--split', String(split), '--tls', pem]);
      const [, passed = '', failed = ''] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
      assert.equal(failed, '0', output);
      assert.equal(Number(passed), place.cases, output);
    });
  }
});

/** A network of our own; else this machine's, if the ports of the corpus are free there; else why neither. */
async function findPlace(hostsFile: string): Promise<Place | string> {
  writeFileSync(hostsFile, HOSTS);
  const command = ['unshare', '--net', '--mount', 'sh', '-c', OWN_NETWORK, hostsFile];
  const [program = '', ...args] = [...command, 'true'];
  if (spawnSync(program, args).status === 0) return { command, cases: CASES };
  const obstacle = await findObstacle();
  if (obstacle !== undefined) return obstacle;
  const knowsName = await lookup('backend.internal').then(
    ({ address }) => address === '127.0.0.1',
    () => false,
  );
  return { command: [], cases: knowsName ? CASES : CASES - CASES_WITH_NAMES };
}

/** The backends of the corpus have fixed addresses, which somebody else may have. */
async function findObstacle(): Promise<string | undefined> {
  for (const [host, port] of [
    ['127.0.0.1', 8080],
    ['127.0.0.1', 8443],
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

function runCases(before: readonly string[], args: readonly string[]): Promise<string> {
  const portico = `'${process.execPath}' '${porticoExecutable}'`;
  const runner = ['python3', join(folder, 'run-cases.py'), '--portico', portico, '--verbose'];
  const [program = '', ...rest] = [...before, ...runner, ...args, '--cases', join(folder, 'cases.json')];
  const running = spawn(program, rest, { timeout: LIMIT_MS });
  let output = '';
  running.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  running.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return new Promise((resolve, reject) => {
    running.on('error', reject);
    running.on('close', () => resolve(output));
  });
}
