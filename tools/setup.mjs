// Makes a fresh clone usable: installs packages and compiles when, and only when, something changed since the last time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stateDir = join(root, '.cache');
const sourceDirs = ['src', 'test', 'bench', 'tools'];

/** Installs dependencies and compiles the sources if they changed. Ends the process with status 1 on failure. */
export function setUp() {
  requireNode();
  mkdirSync(stateDir, { recursive: true });
  installIfChanged();
  compileIfChanged();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Portico needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function installIfChanged() {
  const wanted = hashFiles([join(root, 'package.json'), join(root, 'package-lock.json')]);
  const stamp = join(stateDir, 'installed');
  if (existsSync(join(root, 'node_modules')) && readStamp(stamp) === wanted) return;
  console.error('Installing packages ...');
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--fetch-retries=5',
  ]);
  writeFileSync(stamp, wanted);
}

function compileIfChanged() {
  const files = sourceDirs.flatMap((dir) => listFiles(join(root, dir)));
  const wanted = hashFiles([join(root, 'package-lock.json'), join(root, 'tsconfig.json'), ...files]);
  const stamp = join(stateDir, 'compiled');
  if (existsSync(join(root, 'dist')) && readStamp(stamp) === wanted) return;
  removeOrphans(files);
  console.error('Compiling ...');
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root]);
  writeFileSync(stamp, wanted);
}

/** Deletes compiled files whose source is gone: a removed test must not run on. */
function removeOrphans(files) {
  const sources = new Set(files.map((file) => file.slice(root.length).replace(/\.ts$/, '.js')));
  for (const dir of sourceDirs) {
    for (const file of listFiles(join(root, 'dist', dir))) {
      if (file.endsWith('.js') && !sources.has(file.slice(join(root, 'dist').length + 1))) rmSync(file);
    }
  }
}

function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['inherit', 2, 2] });
  if (status === 0) return;
  console.error(`\`${[command, ...args].join(' ')}\` ${error?.message ?? `ended with ${signal ?? status}`}`);
  process.exit(1);
}

function listFiles(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true })
    .map((name) => join(dir, name))
    .filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts') && statSync(file).isFile())
    .sort();
}

function hashFiles(files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) {
    hash.update(file);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) setUp();
