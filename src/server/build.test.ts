// What is made of a mount when a configuration is built, and what only with its first request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { FeatureTable } from '../config/feature-table.ts';
import { loadValue } from '../config/load.ts';
import type { Feature } from '../exchange/feature.ts';
import { builtInFeatures } from '../features/index.ts';
import { Deadlines } from '../util/deadlines.ts';
import { RefPool } from '../util/ref-pool.ts';
import { BuildError, buildGeneration } from './build.ts';

/** Builds generations one after the other that share what outlives them. */
class Bench {
  readonly shared = new RefPool();
  readonly #features: readonly Feature[];
  readonly #clock = new FakeClock();

  constructor(features: readonly Feature[] = builtInFeatures) {
    this.#features = features;
  }

  build(mounts: Record<string, unknown>, defaults: Record<string, unknown> = {}) {
    const document = { sites: { 'a.example': mounts }, defaults: { log: 'off', ...defaults } };
    const loaded = loadValue(document, { cwd: '/', features: new FeatureTable(this.#features), environment: {} });
    assert.ok(loaded.isValid);
    const services = {
      clock: this.#clock,
      deadlines: new Deadlines(this.#clock),
      log: { info() {}, warn() {}, error() {} },
      shared: this.shared,
      tls: undefined,
      findHttpsPort: () => undefined,
    };
    return buildGeneration(loaded.config, this.#features, services, 1);
  }
}

const TWO = { '/a/': 'http://127.0.0.1:1/', '/b/': 'http://127.0.0.1:2/' };

test('a mount shares nothing before its first use; then the next generation makes it at once', async () => {
  const bench = new Bench();
  const generation = await bench.build(TWO);
  assert.equal(bench.shared.size, 0);
  const [used] = generation.routes;
  assert.ok(used);
  generation.detailsOf(used).serving.explain?.();
  const size = bench.shared.size;
  assert.ok(size > 0);
  const next = await bench.build(TWO);
  generation.retire();
  await new Promise(setImmediate);
  assert.equal(bench.shared.size, size);
  next.retire();
  await new Promise(setImmediate);
  assert.equal(bench.shared.size, 0);
});

test('the figures of all mounts are read without making any', async () => {
  const bench = new Bench();
  const generation = await bench.build(TWO);
  const { rewriting } = generation.detailsOf(generation.routes[0] ?? assert.fail()).serving;
  assert.equal(rewriting?.figures().rewritten, 0);
  rewriting?.reset();
  assert.equal(bench.shared.size, 0);
});

test('what is wrong with a mount is found before anything asks for it', async () => {
  const bench = new Bench();
  await assert.rejects(bench.build({ '/a/': 'http://127.0.0.1:1/x//y/' }), BuildError);
  const proxy = { to: 'https://127.0.0.1:1/', ca: '/nowhere/ca.pem' };
  await assert.rejects(bench.build({ '/a/': { proxy } }), /cannot read \/nowhere\/ca\.pem/);
});

test('mounts with the same default share the instance of a feature that allows it', async () => {
  const bench = new Bench();
  const generation = await bench.build(TWO, { headers: { response: { set: { 'X-Test': '1' } } } });
  const instances = generation.routes.map((route) =>
    generation.detailsOf(route).instances.filter(({ feature }) => feature === 'headers'),
  );
  assert.equal(instances.length, 2);
  assert.ok(instances[0]?.[0]);
  assert.equal(instances[0]?.[0]?.instance, instances[1]?.[0]?.instance);
  generation.retire();
});
