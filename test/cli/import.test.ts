// `portico import`, and configurations of other servers for `run`, `check` and `explain`, as processes.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ask } from '../kit/ask.ts';
import { launchPortico, startPortico } from '../kit/portico.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const TIME = { timeout: 120_000 };

/** A site of files with an application below a path. */
function lighttpdConf(folder: string, port: number, backendPort: number): string {
  return `
server.modules += ( "mod_proxy" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}/site"
index-file.names = ( "index.html" )
$HTTP["url"] =~ "^/app(/|$)" {
  proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backendPort} ) ) )
}
`;
}

function place(t: TestContext): string {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'site', 'index.html'), 'from the disk');
  return folder;
}

async function run(t: TestContext, args: readonly string[], cwd: string) {
  const { process } = launchPortico(t, { args, cwd });
  const end = await process.ended();
  return { status: end.status, stdout: process.stdout, stderr: process.stderr };
}

test('import prints our document, and what is to be said about it', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(
    join(folder, 'lighttpd.conf'),
    `${lighttpdConf(folder, 80, 8081)}server.pid-file = "/run/x.pid"\nserver.made-up = 1\n`,
  );
  const { status, stdout, stderr } = await run(t, ['import', 'lighttpd.conf'], folder);
  assert.equal(status, 0);
  assert.match(stdout, /^# Imported from lighttpd\.conf\./);
  assert.match(stdout, /\/app\/: http:\/\/127\.0\.0\.1:8081\/app\//);
  assert.match(stderr, /^lighttpd\.conf:11:1: warning: server\.made-up: this directive is not known/m);
  assert.doesNotMatch(stderr, /pid-file/);
  assert.match(stderr, /^0 errors, 1 warning, 1 remark \(--all lists them\)$/m);
  assert.match(
    (await run(t, ['import', '--all', 'lighttpd.conf'], folder)).stderr,
    /info: server\.pid-file: not needed/,
  );
});

test('what it prints can be run', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(join(folder, 'lighttpd.conf'), lighttpdConf(folder, 80, 8081));
  const { stdout } = await run(t, ['import', 'lighttpd.conf'], folder);
  const portico = await startPortico(t, { config: stdout.replace('listen: 127.0.0.1:80', 'listen: 127.0.0.1:0') });
  assert.equal((await ask(portico.port, '/')).body, 'from the disk');
});

test('errors end with status 2, and --json prints everything', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(join(folder, 'site.conf'), 'server { listen 80; location / { allow 10.0.0.0/8; deny all; } }\n');
  const { status, stdout } = await run(t, ['import', '--json', 'site.conf'], folder);
  assert.equal(status, 2);
  const { language, config, diagnostics } = JSON.parse(stdout) as {
    language: string;
    config: object;
    diagnostics: { severity: string; line: number }[];
  };
  assert.equal(language, 'nginx');
  assert.deepEqual(Object.keys(config), ['listen', 'sites']);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ line }) => line),
    [1],
  );
});

test('a file of no known language needs --from', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(join(folder, 'empty.conf'), '# nothing\n');
  const unknown = await run(t, ['import', 'empty.conf'], folder);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /does not look like a configuration of lighttpd, Apache or nginx; say it with --from/);
  assert.equal((await run(t, ['import', '--from', 'apache', 'empty.conf'], folder)).status, 0);
  assert.match(
    (await run(t, ['import', '--from', 'iis', 'empty.conf'], folder)).stderr,
    /--from is lighttpd, apache or nginx/,
  );
  assert.equal((await run(t, ['import', 'missing.conf'], folder)).status, 1);
});

test('run takes a configuration of another server, and again at HUP', TIME, async (t) => {
  const folder = place(t);
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('from the backend')),
  );
  const file = join(folder, 'lighttpd.conf');
  writeFileSync(file, `${lighttpdConf(folder, 0, upstream.port)}server.made-up = 1\n`);
  const portico = await startPortico(t, { args: ['run', '-c', file] });
  assert.match(portico.output, /warning: server\.made-up/);
  assert.equal((await ask(portico.port, '/')).body, 'from the disk');
  assert.equal((await ask(portico.port, '/app/x')).body, 'from the backend');

  writeFileSync(file, `${lighttpdConf(folder, 0, upstream.port)}fastcgi.server = ( "" => ( ( "socket" => "/x" ) ) )\n`);
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput(/fastcgi\.server: .*FastCGI[\s\S]*not reloaded/);
  assert.equal((await ask(portico.port, '/')).body, 'from the disk');

  writeFileSync(file, lighttpdConf(folder, 0, upstream.port).replace('^/app(/|$)', '^/other(/|$)'));
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput('configuration reloaded');
  assert.equal((await ask(portico.port, '/other/x')).body, 'from the backend');
});

test('run refuses a configuration that it would serve less guarded than the original', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(
    join(folder, 'x.conf'),
    `Listen 80\n<VirtualHost *:80>\n  DocumentRoot ${folder}/site\n  <Location />\n    Require ip 10.0.0.0/8\n  </Location>\n</VirtualHost>\n`,
  );
  const { status, stderr } = await run(t, ['run', '-c', 'x.conf'], folder);
  assert.equal(status, 2);
  assert.match(stderr, /^x\.conf:5:5: Require: only some addresses may ask/m);
  assert.match(stderr, /5 \| {5}Require ip 10\.0\.0\.0\/8/);
});

test('explain names the lines of the original', TIME, async (t) => {
  const folder = place(t);
  writeFileSync(join(folder, 'lighttpd.conf'), lighttpdConf(folder, 80, 8081));
  const { status, stdout } = await run(t, ['explain', '-c', 'lighttpd.conf', 'http://www.example.com/app/x'], folder);
  assert.equal(status, 0);
  assert.match(stdout, /lighttpd\.conf:[78]/);
  const checked = await run(t, ['check', '-c', 'lighttpd.conf'], folder);
  assert.match(checked.stdout, /lighttpd\.conf: fine, 1 site, 2 mounts/);
});

test('--compat keeps what is stricter here on purpose', TIME, async (t) => {
  const folder = place(t);
  const text = `${lighttpdConf(folder, 80, 8081)}$HTTP["host"] == "www.example.com" {\n  url.rewrite-once = ( "^/(.*)" => "/vhost/http/www.example.com/$1" )\n  proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => 8081 ) ) )\n}\n`;
  writeFileSync(join(folder, 'lighttpd.conf'), text);
  assert.doesNotMatch((await run(t, ['import', 'lighttpd.conf'], folder)).stdout, /clients/);
  const compat = await run(t, ['import', '--compat', 'lighttpd.conf'], folder);
  assert.match(compat.stdout, /clients: pass/);
  assert.match(compat.stderr, /kept, as asked/);
});
