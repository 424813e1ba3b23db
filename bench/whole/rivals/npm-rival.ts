// Rivals from npm: installed on demand into .cache/, so that they are no dependencies of this project.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../../test/kit/at-end.ts';
import { projectRoot } from '../../../test/kit/project-root.ts';
import { type ServerProcess, startServer } from '../server-process.ts';

/** A server made of npm packages. */
export interface NpmServer {
  readonly name: string;
  /** Package to exact version. */
  readonly packages: Readonly<Record<string, string>>;
  /** An ES module that reads its settings as JSON from its first argument. */
  readonly script: string;
}

/** `missing`: installs the packages unless they are there; says why where that fails. */
export function installNpmRival({ name, packages }: NpmServer): string | undefined {
  const folder = folderOf(name);
  const isThere = Object.entries(packages).every(([pack, version]) => installedVersion(folder, pack) === version);
  if (isThere) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: packages }),
  );
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] });
  return status === 0 ? undefined : `npm could not install it into ${folder}`;
}

/** Starts the script with its settings. */
export function startNpmRival(owner: Owner, { name, script }: NpmServer, settings: object): ServerProcess {
  const file = join(folderOf(name), 'server.js');
  writeFileSync(file, script);
  return startServer(owner, name, process.execPath, [file, JSON.stringify(settings)]);
}

function folderOf(name: string): string {
  return join(projectRoot, '.cache', 'bench', name);
}

function installedVersion(folder: string, pack: string): string | undefined {
  const file = join(folder, 'node_modules', pack, 'package.json');
  // npm wrote it.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}
