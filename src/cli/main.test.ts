// The command line in one process: what each command prints, and with which status it ends.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { commands, runCommandLine } from './main.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const USAGE: readonly [args: string[], status: number, stream: 'stdout' | 'stderr', pattern: RegExp][] = [
  [[], 2, 'stderr', /^portico: a reverse proxy[\s\S]*usage: portico COMMAND/],
  [['--help'], 0, 'stdout', /usage: portico COMMAND \[FLAGS\]/],
  [['help'], 0, 'stdout', /usage: portico COMMAND \[FLAGS\]/],
  [['--version'], 0, 'stdout', /^portico \d+\.\d+\.\d+\n$/],
  [['help', 'check'], 0, 'stdout', /^usage: portico check/],
  [['chek'], 2, 'stderr', /^portico: portico has no command chek; did you mean check\?\n$/],
  [['xyzzy'], 2, 'stderr', /; portico --help lists them\n$/],
  [['--json'], 2, 'stderr', /^portico: --json is no flag of portico; write a command first/],
  [['check', '--prnt'], 2, 'stderr', /has no flag --prnt; did you mean --print\?/],
  [['check', '-x'], 2, 'stderr', /has no flag -x; see portico check --help/],
  [['check', '--config'], 2, 'stderr', /^portico: --config needs a value: --config FILE\n$/],
  [['check', '-c', '--json'], 2, 'stderr', /^portico: -c needs a value: -c FILE\n$/],
  [['check', '--json=yes'], 2, 'stderr', /^portico: --json takes no value\n$/],
  [['check', '-c', 'a', '-c', 'b'], 2, 'stderr', /^portico: -c is given twice\n$/],
  [['check', 'x.yaml'], 2, 'stderr', /^portico: portico check takes nothing besides flags, got x\.yaml too\n$/],
  [['explain'], 2, 'stderr', /^portico: URL is missing: portico explain URL\n$/],
  [['explain', 'a', 'b'], 2, 'stderr', /takes only URL besides flags, got b too\n$/],
  [
    ['explain', 'http://a/', '-H', 'nonsense'],
    2,
    'stderr',
    /^portico: expected a header such as .*, got 'nonsense'\n$/,
  ],
  [['explain', 'http://a/', '-X', 'G T'], 2, 'stderr', /^portico: G T is no method\n$/],
];

for (const [args, status, stream, pattern] of USAGE) {
  test(`portico ${args.join(' ')} ends with ${status} and says so`, async () => {
    const outcome = await runIn('/nonexistent', ...args);
    assert.equal(outcome.status, status);
    assert.match(outcome[stream], pattern);
    assert.equal(outcome[stream === 'stdout' ? 'stderr' : 'stdout'], '');
  });
}

for (const { name, flags, summary } of commands) {
  test(`portico ${name} --help names every flag`, async () => {
    const { status, stdout } = await runIn('/', name, '--help');
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(`usage: portico ${name}`) && stdout.includes(summary));
    for (const flag of Object.keys(flags)) assert.ok(stdout.includes(`--${flag}`), flag);
  });
}

const DOCUMENT = 'sites:\n  a.example: { proxy: "http://u:pass@127.0.0.1:1/base/", host: upstream }\n';

test('check counts sites and mounts', async (t) => {
  const cwd = folder(t, { 'portico.yaml': DOCUMENT.replace('u:pass@', '') });
  const outcome = await runIn(cwd, 'check');
  assert.deepEqual(outcome, { status: 0, stdout: `${cwd}/portico.yaml: fine, 1 site, 1 mount\n`, stderr: '' });
});

test('check --print shows the long form, which checks as well', async (t) => {
  const cwd = folder(t, { 'portico.yaml': DOCUMENT.replace('u:pass@', '') });
  const { status, stdout } = await runIn(cwd, 'check', '--print');
  assert.equal(status, 0);
  assert.match(stdout, /^sites:\n {2}a\.example:\n {4}\/:\n {6}proxy:\n {8}to: http:\/\/127\.0\.0\.1:1\/base\/\n/m);
  writeFileSync(join(cwd, 'long.yaml'), stdout);
  assert.equal((await runIn(cwd, 'check', '--print', '-c', 'long.yaml')).stdout, stdout);
});

test('check --json gives diagnostics and, with --print, the configuration as data', async (t) => {
  const cwd = folder(t, { 'portico.yaml': DOCUMENT.replace('u:pass@', ''), 'broken.yaml': 'sites: 5\n' });
  const fine = JSON.parse((await runIn(cwd, 'check', '--json', '--print')).stdout) as Record<string, unknown>;
  assert.deepEqual(Object.keys(fine), ['diagnostics', 'config']);
  const broken = await runIn(cwd, 'check', '--json', '-c', 'broken.yaml');
  assert.equal(broken.status, 2);
  const { diagnostics } = JSON.parse(broken.stdout) as { diagnostics: { line: number; message: string }[] };
  assert.deepEqual(
    diagnostics.map(({ line, message }) => [line, message]),
    [[1, 'expected a map of host names, got 5']],
  );
  assert.equal(broken.stderr, '');
});

test('check prints all mistakes for people', async (t) => {
  const cwd = folder(t, { 'portico.yaml': 'lisen: 5\nsites:\n  a.example: { prxy: "http://127.0.0.1:1" }\n' });
  const { status, stderr } = await runIn(cwd, 'check');
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^portico\.yaml:1:1: unknown key "lisen"[\s\S]*portico\.yaml:3:16: unknown key "prxy"[\s\S]*2 mistakes/,
  );
});

test('check finds a folder that is not there, as a running server would', async (t) => {
  const cwd = folder(t, { 'portico.yaml': 'sites:\n  a.example:\n    /x/: ./nope\n' });
  for (const args of [['check'], ['explain', 'a.example']]) {
    const { status, stderr } = await runIn(cwd, ...args);
    assert.equal(status, 2);
    assert.match(stderr, /^portico\.yaml:3:5: files of a\.example \/x\/: .*nope/);
  }
});

test('explain names site, mount, what is sent upstream, and the lines behind them', async (t) => {
  const cwd = folder(t, {
    'portico.yaml': 'sites:\n  a.example:\n    /app/:\n      proxy: http://127.0.0.1:1/base/\n      host: upstream\n',
  });
  const { status, stdout } = await runIn(cwd, 'explain', 'a.example/app/x?y=1', '-H', 'Accept: text/html');
  assert.equal(status, 0);
  assert.match(stdout, /site +a\.example +portico\.yaml:2\n/);
  assert.match(stdout, /mount +\/app\/ +portico\.yaml:3\n/);
  assert.match(stdout, /proxy +.*portico\.yaml:4\n/);
  assert.match(stdout, /GET \/base\/x\?y=1 HTTP\/1\.1\n {4}Host: 127\.0\.0\.1:1\n/);
  assert.match(stdout, /Accept: text\/html\n/);
  const asData = await runIn(cwd, 'explain', 'http://a.example/app/', '--json', '-X', 'POST');
  const { outcome, upstream } = JSON.parse(asData.stdout) as { outcome: string; upstream: { requestLine: string } };
  assert.deepEqual([outcome, upstream.requestLine], ['served', 'POST /base/ HTTP/1.1']);
});

test('explain says where a request leads nowhere', async (t) => {
  const cwd = folder(t, { 'portico.yaml': 'sites:\n  a.example:\n    /app/: http://127.0.0.1:1\n' });
  const summary = async (url: string) => (await runIn(cwd, 'explain', url)).stdout.split('\n')[1]?.trim();
  assert.match((await summary('http://b.example/')) ?? '', /^No site is called b\.example/);
  assert.match((await summary('http://a.example/x')) ?? '', /has nothing at this path/);
  assert.match((await summary('http://a.example/app')) ?? '', /redirected \(308\)/);
});

test('schema prints a JSON Schema', async () => {
  const { stdout } = await runIn('/', 'schema');
  const schema = JSON.parse(stdout) as { properties: object; required: string[] };
  assert.deepEqual(schema.required, ['sites']);
  assert.ok('listen' in schema.properties);
});

async function runIn(cwd: string, ...args: string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const status = await runCommandLine(args, {
    cwd,
    environment: { XDG_RUNTIME_DIR: cwd },
    hasColors: false,
    print: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'portico-main-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}
