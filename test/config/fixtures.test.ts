// Runs every test/config/*.txt: a document, a line of dashes, and the resolved JSON or the diagnostics expected for it.
// The document's kind is in the name: `x.yaml.txt`. UPDATE_FIXTURES=1 rewrites the expectations; read the difference.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { printLongForm } from '../../src/config/long-form.ts';
import { printDiagnostics } from '../../src/config/print-diagnostics.ts';
import { testFeatures } from './features.ts';

const fixtureDir = fileURLToPath(new URL('../../../test/config/', import.meta.url));
const environment = {
  BACKEND: 'http://127.0.0.1:9000',
  EMPTY: '',
  XDG_RUNTIME_DIR: '/run/user/7',
  XDG_STATE_HOME: '/state',
};
const SEPARATOR = '\n----\n';

for (const name of readdirSync(fixtureDir).filter((file) => file.endsWith('.txt'))) {
  test(`config fixture ${name}`, { timeout: 120_000 }, async () => {
    const file = join(fixtureDir, name);
    const [document = '', expected = ''] = readFileSync(file, 'utf8').split(SEPARATOR);
    const actual = await resolveText(`portico${/\.[a-z]+(?=\.txt$)/.exec(name)?.[0] ?? ''}`, `${document}\n`, expected);
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(file, `${document}${SEPARATOR}${actual}`);
    else assert.equal(actual, expected);
  });
}

/** The outcome as fixtures spell it; of a configuration, only the keys that `expected` has. */
async function resolveText(fileName: string, text: string, expected: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'portico-config-'));
  try {
    writeFileSync(join(dir, fileName), text);
    const options = { file: fileName, cwd: dir, features: testFeatures, environment };
    const resolution = await loadConfig(options);
    if (!resolution.isValid) return printDiagnostics(resolution.diagnostics, { hasColors: false, cwd: dir });
    await checkLongForm(dir, resolution, options);
    const keys = expected.startsWith('{') ? Object.keys(JSON.parse(expected) as object) : ['sites'];
    const shown = Object.fromEntries(Object.entries(resolution.config).filter(([key]) => keys.includes(key)));
    const json = JSON.stringify(
      shown,
      (_key, value: unknown) => (typeof value === 'function' ? '(function)' : value),
      2,
    );
    return `${json.replaceAll(dir, 'DIR')}\n`;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The long form, loaded again, is the same configuration in the same long form. */
async function checkLongForm(
  dir: string,
  first: Extract<Awaited<ReturnType<typeof loadConfig>>, { isValid: true }>,
  options: Parameters<typeof loadConfig>[0],
): Promise<void> {
  const printed = printLongForm(first.longForm());
  if (/\((?:secret|function)\)/.test(printed)) return;
  writeFileSync(join(dir, 'long.yaml'), printed);
  const second = await loadConfig({ ...options, file: 'long.yaml' });
  assert.ok(second.isValid, JSON.stringify(second));
  assert.equal(printLongForm(second.longForm()), printed);
  assert.deepEqual(withoutPlaces(second.config), withoutPlaces(first.config));
}

function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === 'source' || key === 'file' ? undefined : inner)),
  );
}
