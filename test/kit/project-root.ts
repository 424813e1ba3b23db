// Where the project is, for tests that run its executable or read its files; they run compiled, from dist/.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder that holds package.json. */
export const projectRoot: string = findRoot(import.meta.dirname);

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = resolve(folder, '..');
  if (parent === folder) throw new Error('no package.json above the tests');
  return findRoot(parent);
}
