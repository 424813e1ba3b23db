// Certificates from a real CA program, through a server of ours: challenges, renewal, revocation, outage, customers.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ServerOptions } from '../../src/server/server.ts';
import type { Owner } from '../kit/at-end.ts';
import { skipUnless } from '../kit/debian.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import { type Pebble, startPebble } from '../kit/pebble.ts';
import { askSecure } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000, skip: skipUnless('pebble') };
const WAIT_MS = 60_000;

/** Our server where the CA looks for challenges. */
async function startServer(
  owner: Owner,
  pebble: Pebble,
  document: { acme?: object; sites: object; storage?: string },
  options: Partial<ServerOptions> = {},
): Promise<InProcess> {
  return startInProcess(
    owner,
    {
      listen: [`https://127.0.0.1:${pebble.tlsPort}`, `http://127.0.0.1:${pebble.httpPort}`],
      admin: false,
      storage: tempFolder(owner),
      ...document,
      acme: { directory: { directory: pebble.directory, ca: pebble.ca }, ...document.acme },
    },
    options,
  );
}

const site = (body: string) => ({ tls: 'auto', respond: { body } });
const issued = (server: InProcess, name: string) => () =>
  server.lines.some((line) => line['name'] === name && line.message.startsWith('a certificate was issued'));

describe('certificates from Pebble', OPTIONS, () => {
  for (const challenge of ['http-01', 'tls-alpn-01'])
    test(`${challenge}: a name is proven and its certificate shown`, async (t) => {
      const pebble = await startPebble(t);
      const sites = { 'www.example.org': site('hello') };
      const server = await startServer(t, pebble, { acme: { challenges: [challenge] }, sites });
      await server.until('the certificate', issued(server, 'www.example.org'), WAIT_MS);
      const answer = await askSecure(pebble.tlsPort, 'www.example.org', { ca: await pebble.root() });
      assert.deepEqual([answer.status, answer.body], [200, 'hello']);
      assert.equal(answer.peer.subjectaltname, 'DNS:www.example.org');
    });
});
void join;
