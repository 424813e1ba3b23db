// The JSON Schema takes what the loader takes, short forms included, and refuses what is plainly wrong.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseJson } from '../../src/config/formats/json.ts';
import { parseYaml } from '../../src/config/formats/yaml.ts';
import { buildJsonSchema } from '../../src/config/json-schema.ts';
import { testFeatures } from './features.ts';

const fixtureDir = fileURLToPath(new URL('../../../test/config/', import.meta.url));
const schema = z.fromJSONSchema(buildJsonSchema(testFeatures) as Parameters<typeof z.fromJSONSchema>[0]);

for (const name of readdirSync(fixtureDir).filter((file) => /\.(yaml|json)\.txt$/.test(file))) {
  const [document = '', expected = ''] = readFileSync(fixtureDir + name, 'utf8').split('\n----\n');
  const parsed = name.endsWith('.json.txt') ? parseJson(document) : parseYaml(document);
  if (parsed.mistakes.length > 0 || !expected.startsWith('{')) continue;
  test(`the JSON Schema takes ${name}`, () => {
    const result = schema.safeParse(parsed.value);
    assert.ok(result.success, result.error?.message);
  });
}

const WRONG: readonly [what: string, document: unknown][] = [
  ['no sites', {}],
  ['an unknown key', { sites: { a: './x' }, lisen: ':80' }],
  ['a site that is no URL and no folder', { sites: { a: 'x' } }],
  ['a duration without unit', { sites: { a: './x' }, timeouts: { head: 10 } }],
  ['a feature beside paths', { sites: { a: { '/': './x', headers: {} } } }],
  ['a = before a path that is exact anyway', { sites: { a: { '/': './x', '=/x': './x' } } }],
  ['two that serve', { sites: { a: { proxy: 'http://x', files: './x' } } }],
  ['an unknown option', { sites: { a: { compress: { levle: 1 } } } }],
  ['a wrong choice', { sites: { a: { proxy: 'http://x', vhost: 'newow' } } }],
];

for (const [what, document] of WRONG) {
  test(`the JSON Schema refuses ${what}`, () => assert.ok(!schema.safeParse(document).success));
}
