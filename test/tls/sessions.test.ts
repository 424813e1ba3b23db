// Sessions over the life of a server, and the rules of TLS for sites seen over HTTP/2: 421, client certificates, HSTS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders, type SecureClientSessionOptions } from 'node:http2';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { startInProcess } from '../kit/in-process.ts';
import { askSecure } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };
const HTTPS = 'https://127.0.0.1:0';
const HOUR_MS = 3_600_000;

let root: TestAuthority;
let ca: string;

before(async () => {
  root = await TestAuthority.create();
  ca = root.cert;
});

const says = (body: string, more: object = {}) => ({ respond: { status: 200, body }, ...more });

describe('sessions', { timeout: 600_000 }, () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(
      `${maxVersion}: they outlast reloads, but not the keys, a change of demands, or the process`,
      OPTIONS,
      async (t) => {
        const clock = new FakeClock(Date.now());
        const folder = tempFolder(t);
        const tls = saveCertificate(folder, 'a', await root.issue({ names: ['a.test'] }));
        const plain = { listen: HTTPS, admin: false, sites: { 'a.test': says('a', { tls }) } };
        const server = await startInProcess(t, plain, { clock });
        const ask = (session?: Buffer) =>
          askSecure(server.port(), 'a.test', { ca, maxVersion, ...(session === undefined ? {} : { session }) });

        const { session } = await ask();
        assert.ok((await ask(session)).isReused, 'on another connection');
        for (let time = 0; time < 3; time++) await server.reload(plain);
        assert.ok((await ask(session)).isReused, 'behind three reloads');
        const counts = server.server.status().tls;
        assert.deepEqual([counts.completed, counts.resumed], [3, 2]);

        const clients = { ca: join(folder, 'clients.pem'), mode: 'request' };
        writeFileSync(clients.ca, (await TestAuthority.create('Clients')).cert);
        await server.reload({ ...plain, sites: { 'a.test': says('a', { tls: { ...tls, clients } }) } });
        assert.equal((await ask(session)).isReused, false, 'a site that asks for certificates now');
        await server.reload(plain);

        const fresh = await ask();
        await clock.advanceWithTurns(13 * HOUR_MS);
        assert.equal((await ask(fresh.session)).isReused, false, 'the keys were renewed');
        const other = await startInProcess(t, plain);
        const again = await ask();
        const elsewhere = await askSecure(other.port(), 'a.test', { ca, maxVersion, session: again.session });
        assert.equal(elsewhere.isReused, false, 'another process');
      },
    );
  }
});

describe('HTTP/2', { timeout: 600_000 }, () => {
  test('a connection may ask for every host of its certificate, and gets 421 for others', OPTIONS, async (t) => {
    const folder = tempFolder(t);
    const both = saveCertificate(folder, 'both', await root.issue({ names: ['one.test', 'two.test'] }));
    const other = saveCertificate(folder, 'other', await root.issue({ names: ['three.test'] }));
    const server = await startInProcess(t, {
      listen: HTTPS,
      admin: false,
      tls: { certificates: [both, other] },
      sites: { 'one.test': says('one'), 'two.test': says('two'), 'three.test': says('three') },
    });
    const session = await connect(t, server.port(), 'one.test');
    const statuses = [];
    for (const host of ['one.test', 'two.test', 'three.test', 'nowhere.test', 'one.test'])
      statuses.push((await session(host)).status);
    assert.deepEqual(statuses, [200, 200, 421, 421, 200]);
  });

  test(
    'a client certificate is passed on (RFC 9440), a forged header is not, and other sites are not open',
    OPTIONS,
    async (t) => {
      const folder = tempFolder(t);
      const clientsCa = await TestAuthority.create('Clients');
      const alice = await clientsCa.issue({ names: [], subject: 'alice' });
      const caFile = join(folder, 'clients.pem');
      writeFileSync(caFile, clientsCa.cert);
      const tls = saveCertificate(folder, 'all', await root.issue({ names: ['must.test', 'open.test'] }));
      const proxy = await startEcho(t);
      const server = await startInProcess(t, {
        listen: HTTPS,
        admin: false,
        tls,
        sites: { 'must.test': { proxy, tls: { clients: { ca: caFile } } }, 'open.test': { proxy } },
      });
      const forged = { 'client-cert': ':AAAA:' };
      const withOne = await connect(t, server.port(), 'must.test', alice);
      const answer = await withOne('must.test', forged);
      assert.equal(answer.status, 200);
      assert.match(String((JSON.parse(answer.body) as IncomingHttpHeaders)['client-cert']), /^:[A-Za-z0-9+/=]{100,}:$/);
      assert.equal((await withOne('open.test')).status, 421);
      const without = await connect(t, server.port(), 'must.test');
      assert.equal((await without('must.test', forged)).status, 403);
      const open = await connect(t, server.port(), 'open.test', alice);
      const seen = JSON.parse((await open('open.test', forged)).body) as IncomingHttpHeaders;
      assert.equal(seen['client-cert'], undefined);
      assert.equal((await open('must.test')).status, 421);
    },
  );

  test('HSTS is sent, and the backend learns https', OPTIONS, async (t) => {
    const tls = saveCertificate(tempFolder(t), 'a', await root.issue({ names: ['a.test'] }));
    const proxy = await startEcho(t);
    const server = await startInProcess(t, {
      listen: HTTPS,
      admin: false,
      tls,
      sites: { 'a.test': { proxy, https: 'strict' } },
    });
    const answer = await (await connect(t, server.port(), 'a.test'))('a.test');
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
    assert.equal((JSON.parse(answer.body) as IncomingHttpHeaders)['x-forwarded-proto'], 'https');
  });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A connection that asked for `servername` at its handshake; the function asks any host over it. */
async function connect(
  owner: Owner,
  port: number,
  servername: string,
  more: SecureClientSessionOptions = {},
): Promise<(host: string, headers?: object) => Promise<Answer>> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername, ...more });
  atEnd(owner, () => session.destroy());
  await once(session, 'connect');
  return async (host, headers = {}) => {
    const stream = session.request({ ':authority': host, ...headers });
    const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    let body = '';
    for await (const chunk of stream.setEncoding('utf8')) body += chunk;
    return { status: Number(answer[':status']), headers: answer, body };
  };
}

/** A backend that answers the header lines it got, as JSON. */
async function startEcho(owner: Owner): Promise<string> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}
