// HTTP/2 endpoints of other makers: nginx, Apache httpd, lighttpd and Caddy, without TLS and by ALPN.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ask } from '../kit/ask.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { TestAuthority, type TestCertificate } from '../kit/certificates.ts';
import { type Program, programPath, skipUnless } from '../kit/debian.ts';
import { startApache, startLighttpd } from '../kit/front-servers.ts';
import { startInProcess } from '../kit/in-process.ts';
import { type RunningProcess, startProcess } from '../kit/process.ts';
import { askOnce } from '../kit/raw-client.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };
const BIG = Buffer.alloc(5 * 1024 * 1024, 'Portico ');
const REQUESTS = 150;

let authority: TestAuthority;
let certificate: TestCertificate;
before(async () => {
  authority = await TestAuthority.create();
  certificate = await authority.issue({ names: ['127.0.0.1'], kind: 'rsa' });
});

/** A folder with `small.txt` and `big.bin`, readable for whatever user a server changes to. */
function documentFolder(owner: Owner): string {
  const base = tempFolder(owner);
  const folder = join(base, 'documents');
  mkdirSync(folder);
  chmodSync(base, 0o755);
  chmodSync(folder, 0o755);
  fill(folder);
  return folder;
}

function fill(folder: string): void {
  writeFileSync(join(folder, 'small.txt'), 'small');
  writeFileSync(join(folder, 'big.bin'), BIG);
}

/** Ends with SIGTERM, so that workers end with their master. */
function run(owner: Owner, program: Program, args: readonly string[], cwd: string): RunningProcess {
  const running = startProcess(owner, programPath(program), args, { cwd, name: program });
  atEnd(owner, () => running.stop('SIGTERM'));
  return running;
}

async function startNginx(owner: Owner): Promise<Endpoints> {
  const folder = documentFolder(owner);
  const base = tempFolder(owner);
  const [plain, secure] = [await closedPort(), await closedPort()];
  writeFileSync(join(base, 'cert.pem'), certificate.cert);
  writeFileSync(join(base, 'key.pem'), certificate.key);
  writeFileSync(
    join(base, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${base}/pid; error_log stderr notice;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off; client_body_temp_path ${base}/body; proxy_temp_path ${base}/proxy; fastcgi_temp_path ${base}/fastcgi;
  uwsgi_temp_path ${base}/uwsgi; scgi_temp_path ${base}/scgi;
  http2_max_concurrent_streams 16;
  # GOAWAY after so many requests, again and again.
  keepalive_requests 40;
  server {
    listen 127.0.0.1:${plain} http2;
    listen 127.0.0.1:${secure} ssl http2;
    ssl_certificate ${base}/cert.pem; ssl_certificate_key ${base}/key.pem;
    root ${folder};
  }
}`,
  );
  const program = run(owner, 'nginx', ['-c', join(base, 'nginx.conf'), '-p', base], base);
  await program.untilOutput(/start worker process /);
  return { plain, secure };
}

async function startHttpd(owner: Owner): Promise<Endpoints> {
  const { port } = await startApache(owner, (_port, folder) => {
    fill(folder);
    return `LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2c http/1.1
H2Direct on
MaxKeepAliveRequests 40
DocumentRoot "${folder}"`;
  });
  return { plain: port };
}

async function startLighty(owner: Owner): Promise<Endpoints> {
  const { port } = await startLighttpd(owner, (_port, folder) => {
    fill(folder);
    return 'server.feature-flags += ( "server.h2proto" => "enable", "server.h2c" => "enable" )';
  });
  return { plain: port };
}

async function startCaddy(owner: Owner): Promise<Endpoints> {
  const folder = documentFolder(owner);
  const base = tempFolder(owner);
  const plain = await closedPort();
  writeFileSync(
    join(base, 'Caddyfile'),
    `{
  admin off
  auto_https off
  servers {
    protocols h1 h2c
  }
}
http://127.0.0.1:${plain} {
  root * ${folder}
  file_server
}
`,
  );
  const program = startProcess(owner, programPath('caddy'), ['run', '--config', join(base, 'Caddyfile')], {
    cwd: base,
    name: 'caddy',
    env: { HOME: base, XDG_DATA_HOME: base, XDG_CONFIG_HOME: base },
  });
  await program.untilOutput(/serving initial configuration/);
  return { plain };
}

/** Where a server takes HTTP/2 with prior knowledge, and where over TLS. */
interface Endpoints {
  readonly plain: number;
  readonly secure?: number;
}

const SERVERS: readonly (readonly [program: Program, start: (owner: Owner) => Promise<Endpoints>])[] = [
  ['nginx', startNginx],
  ['apache2', startHttpd],
  ['lighttpd', startLighty],
  ['caddy', startCaddy],
];

for (const [program, start] of SERVERS) {
  describe(program, { timeout: 600_000, skip: skipUnless(program) }, () => {
    for (const kind of program === 'nginx' ? (['plain', 'secure'] as const) : (['plain'] as const)) {
      test(`${kind}: small and large answers, HEAD, uploads that are refused, many at a time`, LIMIT, async (t) => {
        const port = (await start(t))[kind];
        const ca = join(tempFolder(t), 'ca.pem');
        writeFileSync(ca, authority.cert);
        const proxy =
          kind === 'secure' ? { to: `https://127.0.0.1:${port}`, ca, protocol: 'h2' } : `h2c://127.0.0.1:${port}`;
        const mount = { proxy, rewrite: 'off', log: 'off' };
        const server = await startInProcess(t, { listen: 'http://127.0.0.1:0', admin: false, sites: { '*': mount } });
        assert.equal((await ask(server.port(), '/small.txt')).body, 'small');
        const big = await ask(server.port(), '/big.bin');
        assert.equal(digest(Buffer.from(big.body, 'latin1')), digest(BIG));
        assert.equal((await ask(server.port(), '/nothing')).status, 404);
        const head = await askOnce(
          { port: server.port() },
          'HEAD /big.bin HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
        );
        assert.equal(head.headers.get('content-length'), String(BIG.length));
        const upload = `POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n${'x'.repeat(100_000)}`;
        const { status } = await askOnce({ port: server.port() }, upload);
        assert.ok(status >= 400 && status < 500, `${status}`);
        for (let round = 0; round < REQUESTS; round += 50) {
          const answers = await Promise.all(Array.from({ length: 50 }, () => ask(server.port(), '/small.txt')));
          for (const { body, text } of answers) assert.equal(body, 'small', text);
        }
      });
    }
  });
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
