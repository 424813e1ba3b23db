// `npm test`: sets up, then runs every compiled test with node:test. Arguments narrow the run: `npm test -- h1 config`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

setUp();
const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const files = ['src', 'test']
  .flatMap((dir) => readdirSync(join(root, 'dist', dir), { recursive: true }).map((name) => join('dist', dir, name)))
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  // Without files node:test looks for tests by itself, and finds many.
  console.error(`No test has ${wanted.join(' or ')} in its path.`);
  process.exit(1);
}
const args = [
  '--enable-source-maps',
  '--import',
  './dist/test/kit/fixed-seed.js',
  '--test',
  '--test-concurrency=2',
  '--test-reporter=spec',
  ...files,
];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
