// `portico trust`: makes this machine and its browsers believe the local CA, or forget it.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { LocalAuthority } from '../../acme/local-authority.ts';
import { findConfigFile } from '../../config/load.ts';
import { defaultStorageDir } from '../../config/resolve-settings.ts';
import { LOCAL_CA_FOLDER } from '../../server/auto-certificates.ts';
import { systemClock } from '../../util/clock.ts';
import { type Arguments, type Command, configFlag } from '../command.ts';
import { loadForCommand } from '../load-for-command.ts';
import { stayAlive } from '../stay-alive.ts';
import type { Terminal } from '../terminal.ts';
import { findTrustStores, realTrustSurroundings, type TrustStep, type TrustStore } from '../trust-stores.ts';

/** Installs the root of the local CA, which is made if there is none. */
export const trust: Command = {
  name: 'trust',
  summary: 'make this machine and its browsers believe the certificates of the local CA',
  operands: [],
  flags: {
    config: configFlag,
    storage: { kind: 'text', value: 'DIR', help: 'the folder of `storage`; default: that of the configuration' },
    uninstall: { kind: 'switch', help: 'make them forget it again' },
    user: { kind: 'switch', help: 'only browsers of this user: nothing that needs root' },
    'dry-run': { kind: 'switch', help: 'print the commands and run none' },
  },
  notes:
    'The local CA gives certificates to sites with tls: auto whose names are localhost, below it, or below test. It is made\nfor this machine, and can vouch for such names and for loopback addresses alone. Every command is printed before it runs;\nwithout root those that need it are printed only, and the exit status is 1.',
  async run(args, terminal) {
    const storage = await findStorage(args, terminal);
    if (storage === undefined) return 2;
    const authority = new LocalAuthority(join(storage, LOCAL_CA_FOLDER), systemClock);
    // Another process may be making it just now.
    const { chain } = await stayAlive(() => authority.root());
    const name = new X509Certificate(chain).subject.replace(/^CN=/, '');
    const home = terminal.environment['HOME'];
    const stores = findTrustStores({ file: authority.rootFile, name }, realTrustSurroundings(home)).filter(
      ({ isOfSystem }) => !isOfSystem || !args.flags.has('user'),
    );
    terminal.print(`${name}: ${authority.rootFile}\n`);
    if (stores.length === 0) {
      terminal.error('found no store to change: add this file to the trusted authorities of the system by hand\n');
      return 1;
    }
    const isDone = stores.map((store) => changeStore(store, args, terminal));
    return isDone.every(Boolean) ? 0 : 1;
  },
};

/** Runs, or prints, what changes one store. Answers whether it was changed. */
function changeStore(store: TrustStore, { flags }: Arguments, terminal: Terminal): boolean {
  const steps = flags.has('uninstall') ? store.uninstall : store.install;
  const isDry = flags.has('dry-run');
  const isForRoot = store.isOfSystem && process.getuid?.() !== 0;
  terminal.print(`\n${store.name}${isForRoot && !isDry ? ': needs root; run' : ''}\n`);
  for (const step of steps) {
    terminal.print(`  ${isForRoot ? 'sudo ' : ''}${printStep(step)}\n`);
    if (isDry || isForRoot) continue;
    const problem = runStep(step);
    if (problem === undefined) continue;
    terminal.error(`  failed: ${problem}\n`);
    return false;
  }
  return isDry || !isForRoot;
}

function runStep({ program, args }: TrustStep): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT')
    return `${program} is not installed${program === 'certutil' ? ' (package libnss3-tools, or nss-tools)' : ''}`;
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr.trim() || `exit status ${status}`;
}

function printStep({ program, args }: TrustStep): string {
  return [program, ...args]
    .map((word) => (/^[\w./:=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** That of the flag, of the configuration, or the default where there is no configuration. */
async function findStorage(args: Arguments, terminal: Terminal): Promise<string | undefined> {
  const { flags } = args;
  const given = flags.text('storage');
  if (given !== undefined) return given;
  const file = findConfigFile({ file: flags.text('config'), cwd: terminal.cwd });
  if (typeof file !== 'string') return defaultStorageDir(terminal.environment);
  return (await loadForCommand(args, terminal))?.config.storage.dir;
}
