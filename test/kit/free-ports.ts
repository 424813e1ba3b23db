// Ports for programs that cannot be told to take any free one and say which.
import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes the ports of clients and of servers that ask for any: there nobody else comes by a
 * port between the moment when it is found free and the one when the program under test binds it.
 */
const FIRST = 12_000;
const COUNT = 20_000;
const given = new Set<number>();

/** Ports that are free on every address, all different, and never given before by this process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

/** One of {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Without a host the port is bound on every address of both families. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isBound = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => resolve(true));
  });
  if (isBound) await new Promise((resolve) => server.close(resolve));
  return isBound;
}
