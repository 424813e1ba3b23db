// Every configuration in examples/ is valid, can be built into a generation, and is what the JSON Schema takes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { z } from 'zod';
import { demoDocument } from '../../src/cli/commands/demo.ts';
import { FeatureTable } from '../../src/config/feature-table.ts';
import { parseJson } from '../../src/config/formats/json.ts';
import { parseYaml } from '../../src/config/formats/yaml.ts';
import { buildJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig, loadValue } from '../../src/config/load.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { buildGeneration } from '../../src/server/build.ts';
import { systemClock } from '../../src/util/clock.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { RefPool } from '../../src/util/ref-pool.ts';
import { projectRoot } from '../kit/project-root.ts';

const exampleDir = join(projectRoot, 'examples');
const features = new FeatureTable(builtInFeatures);
const schema = z.fromJSONSchema(buildJsonSchema(features) as Parameters<typeof z.fromJSONSchema>[0]);
/** Not those for the other side of the proxy: `test/e2e/backend-examples.test.ts` runs them. */
const examples = readdirSync(exampleDir, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.(ya?ml|json|m?[tj]s)$/.test(name) && !name.startsWith('backends'),
);

for (const name of examples) {
  test(`examples/${name} is valid and can be built`, { timeout: 120_000 }, async () => {
    const resolution = await loadConfig({ file: name, cwd: exampleDir, features, environment: {} });
    assert.ok(resolution.isValid, JSON.stringify(resolution, undefined, 2));
    const log = { info() {}, warn() {}, error: (fields: object, message: string) => assert.fail(message + fields) };
    const services = {
      clock: systemClock,
      deadlines: new Deadlines(systemClock),
      log,
      shared: new RefPool(),
      tls: undefined,
      findHttpsPort: () => 443,
    };
    const generation = await buildGeneration(resolution.config, builtInFeatures, services, 1);
    generation.retire();
    const text = readFileSync(join(exampleDir, name), 'utf8');
    const parsed = /\.ya?ml$/.test(name) ? parseYaml(text) : name.endsWith('.json') ? parseJson(text) : undefined;
    if (parsed !== undefined) assert.ok(schema.safeParse(parsed.value).success, 'the JSON Schema refuses it');
  });
}

test('examples/demo/portico.yaml is what the demonstration runs', async () => {
  const options = { cwd: exampleDir, features, environment: {} };
  const written = await loadConfig({ ...options, file: 'demo/portico.yaml' });
  const run = loadValue(demoDocument(8080, { url: 'http://127.0.0.1:8081', close() {} }), options);
  assert.ok(written.isValid && run.isValid);
  assert.deepEqual(run.longForm(), written.longForm());
});
