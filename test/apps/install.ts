// Installs a real application: npm packages into .cache, built once; Debian packages where root may. Or says what is missing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../kit/project-root.ts';
import type { RealApplication } from './application.ts';

/** Where an application is, or one sentence on why it is not. */
export type Installation = { readonly folder: string } | { readonly missing: string };

/** Whether Debian packages may be installed, or are only looked for. */
export interface InstallOptions {
  readonly installsDebian: boolean;
}

const cacheFolder = join(projectRoot, '.cache', 'apps');
/** npm and bundlers are slow on a busy machine. */
const STEP_LIMIT_MS = 900_000;

/** Installs what is not there yet. The folder is named by everything that made it: it is never changed afterwards. */
export function installApplication(app: RealApplication, options: InstallOptions): Installation {
  const missing = missingPackages(app, options);
  if (missing.length > 0) return { missing: `needs Debian packages: apt-get install -y ${missing.join(' ')}` };
  const fixture = join(projectRoot, 'test', 'fixtures', 'apps', app.name);
  if (app.isNpm === undefined) return { folder: existsSync(fixture) ? fixture : projectRoot };
  const folder = join(cacheFolder, `${app.name}-${fingerprint(app, fixture)}`);
  const stamp = join(folder, '.installed');
  if (existsSync(stamp)) return { folder };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(fixture, folder, { recursive: true });
  const npm = [
    'npm',
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--loglevel=error',
  ];
  const problem =
    runStep(folder, npm, {}) ?? (app.build && runStep(folder, [process.execPath, ...app.build], app.buildEnv));
  if (problem !== undefined) return { missing: problem };
  writeFileSync(stamp, '');
  return { folder };
}

function missingPackages({ debian = [] }: RealApplication, { installsDebian }: InstallOptions): string[] {
  const missing = debian.filter((name) => !isInstalled(name));
  if (missing.length === 0 || !installsDebian) return missing;
  // It says by itself what it cannot do.
  spawnSync('bash', [join(projectRoot, 'tools', 'install-debian-packages.sh'), ...missing], {
    stdio: ['ignore', 2, 2],
  });
  return missing.filter((name) => !isInstalled(name));
}

function isInstalled(name: string): boolean {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
  return status === 0 && stdout === 'installed';
}

/** Runs a command; answers what went wrong, in one line. */
function runStep(
  cwd: string,
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: STEP_LIMIT_MS,
  });
  if (status === 0) return undefined;
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  return `\`${[command === process.execPath ? 'node' : command, ...args].join(' ')}\` failed: ${error?.message ?? lines.at(0) ?? status}`;
}

function fingerprint(app: RealApplication, fixture: string): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${app.build?.join(' ')}`);
  for (const name of readdirSync(fixture, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = join(fixture, name);
    if (statSync(file).isFile()) hash.update(name).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}
