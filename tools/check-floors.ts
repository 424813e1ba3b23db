// Checks the floors of the architecture: imports point downward, no feature imports another, no cycles at run time.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** What each folder of `src/` may import besides itself. A folder that is not listed is an error. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  util: [],
  http: ['util'],
  'vhost-path': ['util', 'http'],
  exchange: ['util', 'http', 'vhost-path'],
  net: ['util', 'http', 'vhost-path', 'exchange'],
  tls: ['util', 'http', 'vhost-path', 'exchange', 'net'],
  h1: ['util', 'http', 'vhost-path', 'exchange', 'net'],
  h2: ['util', 'http', 'vhost-path', 'exchange', 'net'],
  'content-coding': ['util', 'http', 'exchange'],
  rewrite: ['util', 'http', 'exchange'],
  // Runs in browsers: what it takes of the rewriter must not know Node.
  shim: ['http', 'rewrite'],
  observe: ['util', 'http', 'exchange'],
  upstream: ['util', 'http', 'vhost-path', 'exchange', 'net', 'tls', 'h1', 'h2', 'observe'],
  site: ['util', 'http', 'vhost-path', 'exchange'],
  acme: ['util', 'http', 'exchange', 'net', 'tls', 'observe'],
  features: [
    'util',
    'http',
    'vhost-path',
    'exchange',
    'net',
    'tls',
    'h1',
    'h2',
    'content-coding',
    'rewrite',
    'shim',
    'observe',
    'upstream',
    'site',
    'acme',
  ],
  config: ['util', 'http', 'exchange'],
  doctor: ['util', 'http', 'exchange', 'rewrite'],
  server: ['*'],
  supervisor: ['*'],
  cli: ['*'],
  backend: ['vhost-path', 'http', 'util'],
  index: ['*'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const IMPORT = /^\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"](\.{1,2}\/[^'"]+)['"]/gm;
const root = resolve(import.meta.dirname ?? '.', '..', '..');
const sourceDir = join(root, 'src');
const problems: string[] = [];
const imports = listSources().flatMap(readImports);

imports.forEach(checkFloor);
checkCycles();

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${imports.length} imports, all downward`);

function listSources(): string[] {
  return readdirSync(sourceDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function readImports(file: string): Import[] {
  const text = readFileSync(join(sourceDir, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, , typeOnly, specifier = '']) => {
    const to = relative(sourceDir, resolve(sourceDir, dirname(file), specifier));
    if (!existsSync(join(sourceDir, to))) problems.push(`${file}: imports ${specifier}, which does not exist`);
    return { from: file, to, isTypeOnly: typeOnly !== undefined };
  });
}

function checkFloor({ from, to }: Import): void {
  if (from.endsWith('.test.ts')) return;
  if (to.startsWith('..')) {
    problems.push(`${from}: imports ${to} from outside src/`);
    return;
  }
  const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
  const isPrivate = /(^|\/)_[^/]+$/.test(to) && dirname(from) !== dirname(to);
  if (isPrivate) problems.push(`${from}: imports ${to}, which is private to its folder`);
  if (fromFolder === toFolder) {
    if (fromFolder === 'features') checkFeature(from, to);
    return;
  }
  const allowed = MAY_IMPORT[fromFolder];
  if (allowed === undefined)
    problems.push(`${from}: folder ${fromFolder} has no floor; add it to tools/check-floors.ts`);
  else if (!allowed.includes('*') && !allowed.includes(toFolder))
    problems.push(`${from}: may not import ${to} (floor)`);
}

/** features/index.ts lists all; features/<a> never imports features/<b>. */
function checkFeature(from: string, to: string): void {
  const [, fromFeature] = from.split('/');
  const [, toFeature] = to.split('/');
  if (from.split('/').length > 2 && fromFeature !== toFeature) problems.push(`${from}: imports another feature, ${to}`);
}

function folderOf(file: string): string {
  const [folder = ''] = file.split('/');
  return folder.replace(/\.ts$/, '');
}

/** A cycle of imports that exist at run time makes the order of loading matter; cycles of types do not. */
function checkCycles(): void {
  const graph = new Map<string, string[]>();
  for (const { from, to, isTypeOnly } of imports) {
    if (!isTypeOnly) graph.set(from, [...(graph.get(from) ?? []), to]);
  }
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      problems.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
}
