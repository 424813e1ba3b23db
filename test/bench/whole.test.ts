// The benchmark runs: its rivals accept the configurations it writes, and it prints numbers. How large they are is not tested.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { parseOptions } from '../../bench/whole/options.ts';
import { median, printTable } from '../../bench/whole/table.ts';
import { skipUnless } from '../kit/debian.ts';
import { startProcess } from '../kit/process.ts';
import { projectRoot } from '../kit/project-root.ts';

const LIMIT_MS = 300_000;
const WORK = ['small', 'large', 'https', 'h2', 'resumptions', 'rewrite-source'];

test('the benchmark measures Portico beside nginx and leaves nothing running', {
  skip:
    process.platform === 'linux'
      ? skipUnless('nginx', 'wrk', 'h2load')
      : 'reads CPU time from /proc, which is of Linux',
  timeout: LIMIT_MS,
}, async (t) => {
  const main = join(projectRoot, 'dist', 'bench', 'whole', 'main.js');
  const args = [main, '--only', 'portico,nginx', '--work', WORK.join(), '--rounds', '1', '--seconds', '1'];
  const bench = startProcess(t, process.execPath, args, { name: 'bench' });
  assert.deepEqual(await bench.ended(LIMIT_MS), { status: 0, signal: null }, bench.output);
  for (const name of ['nginx', 'portico'])
    assert.equal(
      bench.stdout.match(new RegExp(`^  ${name}.* [\\d.]+ .* [\\d.]+ +\\d+$`, 'gm'))?.length,
      WORK.length,
      bench.output,
    );
});

test('printTable prints medians, spreads and ratios by round, and a remark where there is no number', () => {
  const yardstick = { label: 'a', costs: [10, 20, 12], requestsPerSecond: [100, 100, 100], remark: undefined };
  const twice = { label: 'twice', costs: [20, 40, 36], requestsPerSecond: [50, 70, 60], remark: undefined };
  const broken = { label: 'b', costs: [undefined], requestsPerSecond: [undefined], remark: 'did not start' };
  assert.equal(
    printTable('ms', [yardstick, twice, broken], () => yardstick),
    [
      '           ms     spread  ratio     spread  requests/s',
      '  a      12.0  10.0-20.0   1.00  1.00-1.00         100',
      '  twice  36.0  20.0-40.0   2.00  2.00-3.00          60',
      '  b      did not start',
    ].join('\n'),
  );
});

test('median is the middle, the mean of two middles, or nothing', () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, undefined]);
});

test('parseOptions picks by name, keeps the order of the table, and says what is wrong', () => {
  const options = parseOptions(['--only', 'portico,nginx', '--work', 'small', '--rounds', '5']);
  assert.ok('rivals' in options);
  assert.deepEqual(
    options.rivals.map(({ name }) => name),
    ['nginx', 'portico'],
  );
  assert.deepEqual([options.rounds, options.seconds], [5, 3]);
  const both = parseOptions(['--only', 'portico', '--against', '/nowhere']);
  assert.ok('rivals' in both);
  assert.deepEqual(
    both.rivals.map((rival) => [rival.name, rival.missing()]),
    [
      ['portico', undefined],
      ['portico of /nowhere', 'there is no /nowhere/bin/portico.js'],
    ],
  );
  for (const [args, message] of [
    [['--only', 'ngnix'], /There is no rival "ngnix"/],
    [['--rounds', '0'], /--rounds takes a number/],
    [['--nonsense'], /nonsense/],
  ] as const) {
    const refused = parseOptions(args);
    assert.ok('text' in refused && refused.status === 2);
    assert.match(refused.text, message);
  }
});
