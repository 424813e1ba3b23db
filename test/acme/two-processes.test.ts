// Two processes that share one storage: one order for both, and each answers the other's challenges.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withFileLock } from '../../src/acme/file-lock.ts';
import { systemClock } from '../../src/util/clock.ts';
import { skipUnless } from '../kit/debian.ts';
import { freePorts } from '../kit/free-ports.ts';
import { startInProcess } from '../kit/in-process.ts';
import { startPebble } from '../kit/pebble.ts';
import { startPortico } from '../kit/portico.ts';
import { askSecure } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 300_000, skip: skipUnless('pebble') };
const WAIT_MS = 90_000;
/** A handshake that waits for an order ends by this, and an order takes its time on a busy machine. */
const timeouts = { head: '90s' };

describe('two processes with one storage', OPTIONS, () => {
  test('make one order, and both show its certificate', async (t) => {
    const pebble = await startPebble(t);
    const storage = tempFolder(t);
    const [httpPort = 0, tlsPort = 0] = await freePorts(2);
    const config = (tls: number, http: number) => ({
      listen: [`https://127.0.0.1:${tls}`, `http://127.0.0.1:${http}`],
      storage,
      timeouts,
      acme: { directory: { directory: pebble.directory, ca: pebble.ca } },
      sites: { 'www.example.org': { tls: 'auto', respond: { body: 'hello' } } },
    });
    const locks = join(storage, 'acme', 'locks');
    mkdirSync(locks, { recursive: true });
    // Neither begins before both listen: the CA looks at one of them, whichever orders.
    const both = await withFileLock(join(locks, 'certificate_www.example.org.lock'), systemClock, () =>
      Promise.all([
        startPortico(t, { config: config(pebble.tlsPort, pebble.httpPort), listeners: 2 }),
        startPortico(t, { config: config(tlsPort, httpPort), listeners: 2 }),
      ]),
    );
    const ca = await pebble.root();
    // A handshake waits for the certificate that is being ordered.
    const serials = await Promise.all(
      [pebble.tlsPort, tlsPort].map(
        async (port) => (await askSecure(port, 'www.example.org', { ca })).peer.serialNumber,
      ),
    );
    assert.equal(serials[0], serials[1]);
    // What a program prints may come later than what it answers.
    await Promise.race(both.map((portico) => portico.process.untilOutput('a certificate was issued', WAIT_MS)));
    await pebble.process.untilOutput('Issued certificate serial');
    assert.equal(pebble.process.output.match(/Issued certificate serial/g)?.length, 1);
    assert.equal(pebble.process.output.match(/There are now \d+ accounts/g)?.length, 1);
  });

  for (const challenge of ['http-01', 'tls-alpn-01'])
    test(`${challenge} is answered by the process that did not order`, async (t) => {
      const pebble = await startPebble(t);
      const storage = tempFolder(t);
      const directory = { directory: pebble.directory, ca: pebble.ca };
      const document = (tls: number, http: number, name: string, admin: string | false) => ({
        listen: [`https://127.0.0.1:${tls}`, `http://127.0.0.1:${http}`],
        admin,
        storage,
        acme: { directory, challenges: [challenge] },
        sites: { [name]: { tls: 'auto', respond: { body: 'hello' } } },
      });
      const admin = join(tempFolder(t), 'admin.sock');
      await startInProcess(t, document(pebble.tlsPort, pebble.httpPort, 'one.example.org', false));
      const other = await startInProcess(t, document(0, 0, 'two.example.org', admin));
      await other.until(
        'the certificate of the other',
        () => other.lines.some(({ message }) => message.startsWith('a certificate was issued')),
        WAIT_MS,
      );
      const { peer } = await askSecure(other.port(0), 'two.example.org', { ca: await pebble.root() });
      assert.equal(peer.subjectaltname, 'DNS:two.example.org');
    });
});
