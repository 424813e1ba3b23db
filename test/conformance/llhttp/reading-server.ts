// Sends bytes to a server that notes what it reads, and answers the note.
import type { AddressInfo, Server } from 'node:net';
import { atEnd, type Owner } from '../../kit/at-end.ts';
import { openClient } from '../../kit/raw-client.ts';
import type { Reading } from './reading.ts';

/** A server that notes one reading per connection. */
export interface ReadingServer {
  readonly server: Server;
  /** The reading of the oldest connection that was not taken yet. */
  takeReading(): Reading | undefined;
}

/** Starts `side` and answers a function that sends bytes, ends, waits for the end and gives the reading as text. */
export async function startReading(owner: Owner, side: ReadingServer): Promise<(bytes: Buffer) => Promise<string>> {
  await new Promise<void>((resolve) => side.server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => side.server.close());
  const { port } = side.server.address() as AddressInfo;
  return async function readBytes(bytes) {
    const client = await openClient({ port });
    await client.send(bytes);
    client.halfClose();
    const answer = (await client.rest()).toString('latin1');
    client.destroy();
    const reading = side.takeReading();
    // A refusal that the server gives without telling anybody, such as Node's for a missing Host.
    if (/^HTTP\/1\.1 [45]\d\d /m.test(answer) && reading?.hasFault === false) reading.fault('refused');
    return String(reading);
  };
}
