// `npm run bench:micro`: runs every micro-benchmark, or those whose file name holds one of the words given.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = import.meta.dirname;
const words = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js') && dirname(file) !== '.')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

for (const file of files) {
  console.log(file.replace(/\.js$/, ''));
  await import(pathToFileURL(join(folder, file)).href);
}
