// The metrics as a feature: an observer per mount, and numbers that go on over reloads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testContext, testExchange } from '../../../test/kit/exchange.ts';
import { Counters } from '../../observe/counters.ts';
import { MetricsRegistry } from '../../observe/metrics-registry.ts';
import { createMetrics } from './handler.ts';
import { metrics } from './index.ts';

const LIMIT = { timeout: 120_000 };

test('exchanges of the mount are counted, and go on being counted after a reload', LIMIT, async () => {
  const registry = new MetricsRegistry({ counters: new Counters(), droppedLogLines: () => 0 });
  const context = testContext({ mount: '/app/' });
  const count = async () => {
    const text = await registry.render();
    return /^portico_mount_exchanges_total\{site="www.example.org",mount="\/app\/",status="2xx"\} (\d+)$/m.exec(
      text,
    )?.[1];
  };
  const old = createMetrics({}, context, registry);
  old.observe?.onEnd?.(testExchange(), 200);
  assert.equal(await count(), '1');
  const next = createMetrics({}, context, registry);
  await old.close?.();
  next.observe?.onEnd?.(testExchange(), 204);
  assert.equal(await count(), '2');
  await next.close?.();
  assert.equal(await count(), undefined);
});

test('options: none', () => {
  assert.deepEqual(metrics.options.parse({}), {});
  assert.equal(metrics.options.safeParse({ buckets: [] }).success, false);
  assert.equal(metrics.options.safeParse(true).success, false, 'true is the switch of the configuration');
});
