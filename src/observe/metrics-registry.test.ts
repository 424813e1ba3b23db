// Metrics: what a scrape says, in the text format of Prometheus, and that it follows our own counters.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { testExchange } from '../../test/kit/exchange.ts';
import { projectRoot } from '../../test/kit/project-root.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { RewriteFigures } from '../exchange/rewrite-figures.ts';
import { Counters } from './counters.ts';
import { MetricsRegistry } from './metrics-registry.ts';
import { DURATION_BOUNDS_MS } from './mount-metrics.ts';

const LIMIT = { timeout: 120_000 };

function setUp() {
  const counters = new Counters();
  const state = { droppedLines: 0 };
  const registry = new MetricsRegistry({ counters, droppedLogLines: () => state.droppedLines });
  return { counters, registry, state };
}

function exchangeOf(site: string, durationMs = 0): Exchange {
  const exchange = testExchange({ mount: { site, path: '/', source: undefined } });
  exchange.timeline.requestStart = 1000;
  exchange.timeline.end = 1000 + durationMs;
  return exchange;
}

const SAMPLE = /^([a-z_][a-z0-9_]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (-?[0-9.e+-]+|\+Inf|Nan)$/;

/** The samples of a scrape by name and labels; checks every line against the format. */
async function scrape(registry: MetricsRegistry): Promise<ReadonlyMap<string, number>> {
  const text = await registry.render();
  assert.ok(text.endsWith('\n'));
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (?:HELP|TYPE) [a-z]/.test(line)) continue;
    const [, key, value] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
    assert.ok(key !== undefined && !samples.has(key), `twice: ${key}`);
    samples.set(key, Number(value));
  }
  return samples;
}

test('the counters of the process', LIMIT, async () => {
  const { counters, registry, state } = setUp();
  const [first, second, lost] = [exchangeOf('a.example'), exchangeOf('a.example'), exchangeOf('')];
  [first.bytesSent, first.bytesReceived] = [100, 7];
  for (const exchange of [first, second, lost]) counters.onOpen(exchange);
  counters.onEnd(first, 200);
  lost.error = new ProxyError('site_unknown');
  counters.onEnd(lost, 404);
  const listener = counters.listener('http://127.0.0.1:80');
  listener.onOpen();
  listener.onOpen();
  listener.onClose();
  listener.onRefused();
  counters.upstreamConnections.onOpen();
  counters.upstreamConnections.onFailed();
  counters.onReload(true);
  state.droppedLines = 9;
  const wanted = {
    'portico_exchanges_total{site="a.example",status="2xx"}': 1,
    'portico_exchanges_total{site="a.example",status="5xx"}': 0,
    'portico_exchanges_total{site="",status="4xx"}': 1,
    'portico_exchanges_active{site="a.example"}': 1,
    'portico_exchanges_active{site=""}': 0,
    'portico_exchanges_failed_total{site=""}': 1,
    portico_received_bytes_total: 7,
    portico_sent_bytes_total: 100,
    'portico_connections_open{listener="http://127.0.0.1:80"}': 1,
    'portico_connections_accepted_total{listener="http://127.0.0.1:80"}': 2,
    'portico_connections_refused_total{listener="http://127.0.0.1:80"}': 1,
    portico_upstream_connections_open: 1,
    portico_upstream_connections_opened_total: 1,
    portico_upstream_connections_failed_total: 1,
    'portico_reloads_total{result="done"}': 1,
    'portico_reloads_total{result="failed"}': 0,
    portico_log_lines_dropped_total: 9,
  };
  const samples = await scrape(registry);
  for (const [key, value] of Object.entries(wanted)) assert.equal(samples.get(key), value, key);
  assert.ok([...samples.keys()].some((key) => key.startsWith('process_cpu_seconds_total')));
  assert.ok([...samples.keys()].some((key) => key.startsWith('nodejs_eventloop_lag_')));
});

test('a scrape follows: up, down, and away', LIMIT, async () => {
  const { counters, registry } = setUp();
  const exchange = exchangeOf('a');
  counters.onOpen(exchange);
  assert.equal((await scrape(registry)).get('portico_exchanges_active{site="a"}'), 1);
  counters.onEnd(exchange, 200);
  const second = await scrape(registry);
  assert.equal(second.get('portico_exchanges_active{site="a"}'), 0);
  assert.equal(second.get('portico_exchanges_total{site="a",status="2xx"}'), 1);
  counters.retain(new Set(), new Set());
  assert.equal((await scrape(registry)).has('portico_exchanges_active{site="a"}'), false);
});

test('a mount: exchanges by class, durations in cumulative buckets', LIMIT, async () => {
  const { registry } = setUp();
  const mount = registry.holdMount('a', '/app/');
  const durations = [0, 1, 1.001, 30, 60_000, 60_001, 1e7];
  for (const durationMs of durations) mount.onEnd(exchangeOf('a', durationMs), 200);
  mount.onEnd(exchangeOf('a', 3_600_000), 101);
  mount.onEnd(exchangeOf('a', 3), 502);
  const samples = await scrape(registry);
  const get = (rest: string) => samples.get(`portico_mount_${rest}`);
  assert.equal(get('exchanges_total{site="a",mount="/app/",status="2xx"}'), 7);
  assert.equal(get('exchanges_total{site="a",mount="/app/",status="1xx"}'), 1);
  assert.equal(get('exchanges_total{site="a",mount="/app/",status="5xx"}'), 1);
  const counted = [...durations, 3];
  for (const boundMs of DURATION_BOUNDS_MS) {
    const below = counted.filter((durationMs) => durationMs <= boundMs).length;
    assert.equal(get(`duration_seconds_bucket{le="${boundMs / 1000}",site="a",mount="/app/"}`), below, `${boundMs}`);
  }
  assert.equal(get('duration_seconds_bucket{le="+Inf",site="a",mount="/app/"}'), 8);
  assert.equal(get('duration_seconds_count{site="a",mount="/app/"}'), 8);
  const sum = counted.reduce((total, durationMs) => total + durationMs, 0) / 1000;
  assert.ok(Math.abs((get('duration_seconds_sum{site="a",mount="/app/"}') ?? 0) - sum) < 1e-6);
  assert.match(await registry.render(), /^# TYPE portico_mount_duration_seconds histogram$/m);
});

test('names from a configuration are escaped', LIMIT, async () => {
  const { registry } = setUp();
  registry.holdMount('a"b\\c\nd', '/').onEnd(exchangeOf('x'), 200);
  const samples = await scrape(registry);
  assert.equal(samples.get(String.raw`portico_mount_duration_seconds_count{site="a\"b\\c\nd",mount="/"}`), 1);
});

test('a mount that two generations hold is one; it is forgotten when both have let go', LIMIT, async () => {
  const { registry } = setUp();
  const key = 'portico_mount_duration_seconds_count{site="a",mount="/"}';
  const old = registry.holdMount('a', '/');
  old.onEnd(exchangeOf('a'), 200);
  const next = registry.holdMount('a', '/');
  registry.releaseMount(old);
  next.onEnd(exchangeOf('a'), 200);
  assert.equal((await scrape(registry)).get(key), 2);
  registry.releaseMount(next);
  assert.equal((await scrape(registry)).has(key), false);
  registry.holdMount('a', '/');
  assert.equal((await scrape(registry)).get(key), 0);
});

test('nothing of prom-client is loaded before the first scrape', LIMIT, () => {
  const program = `
    const { createRequire } = await import('node:module');
    const { renderMetrics } = await import('./dist/src/observe/metrics-registry.js');
    const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('prom-client'));
    const before = isLoaded();
    await renderMetrics();
    process.stdout.write(JSON.stringify([before, isLoaded()]));
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: projectRoot });
  assert.equal(stdout.toString(), '[false,true]');
});

test('mounts that rewrite are read at each scrape, for as long as they are watched', LIMIT, async () => {
  const { registry } = setUp();
  const leak = { authority: 'a:1', target: '/', sample: '' };
  const figures: RewriteFigures = {
    rewritten: 2,
    edits: 5,
    heldBytes: 0,
    unexaminedBytes: 7,
    untouched: { partial: 1 },
    failed: { response_content_coding: 1 },
    leaks: [
      { ...leak, place: 'header x-a', count: 3 },
      { ...leak, place: 'header x-a', authority: 'b:1', count: 1 },
    ],
    rescues: [
      { method: 'GET', path: '/x', referrer: '/app/', count: 2 },
      { method: 'PUT', path: '/x', referrer: '/app/', count: 1 },
    ],
  };
  const stop = registry.watchRewriting({ site: 's', mount: '/app/', figures: () => figures });
  const where = 'site="s",mount="/app/"';
  const expected: [string, number][] = [
    [`portico_rewrite_bodies_total{${where}}`, 2],
    [`portico_rewrite_edits_total{${where}}`, 5],
    [`portico_rewrite_unexamined_bytes_total{${where}}`, 7],
    [`portico_rewrite_untouched_total{${where},reason="partial"}`, 1],
    [`portico_rewrite_failed_total{${where},code="response_content_coding"}`, 1],
    [`portico_leaks_total{${where},place="header x-a"}`, 4],
    [`portico_rescues_total{${where}}`, 3],
  ];
  const samples = await scrape(registry);
  for (const [key, value] of expected) assert.equal(samples.get(key), value, key);
  stop();
  assert.equal((await scrape(registry)).has(`portico_rescues_total{${where}}`), false);
});

test(
  'certificates: by name and kind of key, the first to expire, for as long as somebody shows them',
  LIMIT,
  async () => {
    const { registry } = setUp();
    const expiry = (names: string[], keyKind: string, expiresMs: number) => ({ names, keyKind, expiresMs });
    const stop = registry.watchCertificates(() => [
      expiry(['a.example', '*.a.example'], 'ec', 2_000_000),
      expiry(['a.example'], 'ec', 1_500_000),
      expiry(['a.example'], 'rsa', 3_000_000),
    ]);
    const name = 'portico_certificate_expiry_timestamp_seconds';
    const samples = await scrape(registry);
    assert.equal(samples.get(`${name}{name="a.example",key="ec"}`), 1500);
    assert.equal(samples.get(`${name}{name="*.a.example",key="ec"}`), 2000);
    assert.equal(samples.get(`${name}{name="a.example",key="rsa"}`), 3000);
    stop();
    assert.ok(![...(await scrape(registry)).keys()].some((key) => key.startsWith(name)));
  },
);
