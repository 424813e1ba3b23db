// `npm run ok`: every gate in order, the same in CI: set-up, types, lint and format, floors, generated files, tests.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

setUp();
gate('lint and format', 'node_modules/.bin/biome', ['check', '--error-on-warnings', '.']);
gate('floors', process.execPath, ['dist/tools/check-floors.js']);
gate('generated files', process.execPath, ['dist/tools/generate.js', '--check']);
gate('tests', process.execPath, ['tools/test.mjs']);

function gate(name, command, args) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`gate failed: ${name}`);
  process.exit(1);
}
