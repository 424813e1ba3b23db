// Writes the generated documents: error codes, configuration reference, JSON Schema. `--check` only compares.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { FeatureTable } from '../src/config/feature-table.ts';
import { APACHE_DIRECTIVES } from '../src/config/importers/apache/import.ts';
import type { DirectiveTable } from '../src/config/importers/directive-table.ts';
import { LIGHTTPD_DIRECTIVES } from '../src/config/importers/lighttpd/import.ts';
import { NGINX_DIRECTIVES } from '../src/config/importers/nginx/import.ts';
import { printDirectiveTable } from '../src/config/importers/print-table.ts';
import { printJsonSchema } from '../src/config/json-schema.ts';
import { printReference } from '../src/config/reference.ts';
import { ERRORS } from '../src/exchange/errors.ts';
import { builtInFeatures } from '../src/features/index.ts';
import { bundleShim } from './bundle-shim.ts';

const root = resolve(import.meta.dirname, '..', '..');
const isCheck = process.argv.includes('--check');
const features = new FeatureTable(builtInFeatures);
const shim = await bundleShim(join(root, 'dist', 'src', 'shim', 'main.js'));
const documents: readonly (readonly [file: string, text: string])[] = [
  ['docs/errors.md', printErrors()],
  ['src/features/rewrite-urls/shim-source.ts', printShim()],
  ['docs/config/reference.md', printReference(features)],
  ['docs/config/schema.json', printJsonSchema(features)],
  ...withTable('docs/migrating-from-lighttpd.md', LIGHTTPD_DIRECTIVES),
  ...withTable('docs/migrating-from-apache.md', APACHE_DIRECTIVES),
  ...withTable('docs/migrating-from-nginx.md', NGINX_DIRECTIVES),
];

if (!isCheck) console.log(`shim: ${shim.length} bytes, ${brotliCompressSync(shim).length} in br`);
for (const [name, text] of documents) {
  const file = join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (isCheck) {
    console.error(`${name} is not what the sources say: run \`npm run generate\``);
    process.exitCode = 1;
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${name}`);
}

/** A page written by hand, with a table between two marks. */
function withTable(name: string, table: DirectiveTable): [file: string, text: string][] {
  const text = readFileSync(join(root, name), 'utf8');
  const [before = '', rest = ''] = text.split(/(?<=<!-- begin: [^\n]*\n)/);
  const end = rest.indexOf('<!-- end -->');
  if (end < 0) throw new Error(`${name} has no marks for its table`);
  return [[name, `${before}\n${printDirectiveTable(table)}\n${rest.slice(end)}`]];
}

function printShim(): string {
  return [
    '// The shim of src/shim/, bundled and minified by tools/bundle-shim.ts: `npm run generate` writes it.',
    '',
    '/** A function of the configuration, as an expression. */',
    `export const SHIM_SOURCE: string = ${JSON.stringify(shim)};`,
    '',
  ].join('\n');
}

function printErrors(): string {
  const rows = Object.entries(ERRORS).map(([code, { side, retry, status, proxyStatus, meaning }]) => {
    const cells = [`\`${code}\``, String(status), side, retry, proxyStatus === undefined ? '' : `\`${proxyStatus}\``];
    return `| ${[...cells, meaning].join(' | ')} |`;
  });
  return `${[
    '# Error codes',
    '',
    'Generated from `src/exchange/errors.ts`: `npm run generate` writes it, `npm run ok` fails if it is not up to date.',
    '',
    'Every failure has one of these codes, in logs, metrics, error pages and the Proxy-Status header (RFC 9209).',
    'The status is what the client sees if no head has gone out yet; afterwards the connection is cut.',
    '',
    'Side: whose doing it is. Retry: when the request may be tried again: `never`; `if-reused`: on another connection, if a',
    'kept one gave no byte; `if-idempotent`: on another endpoint, if the method allows it; `always`: nothing was sent yet.',
    '',
    '| code | status | side | retry | Proxy-Status | meaning |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}
