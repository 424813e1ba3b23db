// What a process holds in memory: this one, or a Portico under test, into which this module is loaded too.
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Owner } from './at-end.ts';
import { tempFolder } from './temp-folder.ts';

/** Where the process under test listens for questions; the module does nothing in a process without it. */
const SOCKET_VARIABLE = 'PORTICO_TEST_MEMORY_SOCKET';

/** The means to ask one process what it holds. */
export interface MemoryProbe {
  /** For `startPortico`: makes the process answer. */
  readonly options: { readonly env: Readonly<Record<string, string>>; readonly nodeArgs: readonly string[] };
  /** What `liveBytes` says in that process. */
  liveBytes(): Promise<number>;
}

/**
 * Bytes that are reachable in this process: objects and buffers, after full collections. Resident memory says less: it
 * depends on when garbage was last collected, which on a busy machine is late.
 */
export async function liveBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // A second collection frees what the finalizers of the first let go; buffers are counted as freed one turn later.
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A probe for one process. */
export function createMemoryProbe(owner: Owner): MemoryProbe {
  const path = join(tempFolder(owner), 'memory.sock');
  return {
    options: { env: { [SOCKET_VARIABLE]: path }, nodeArgs: ['--import', fileURLToPath(import.meta.url)] },
    async liveBytes() {
      const socket = createConnection(path);
      let answer = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        answer += text;
      });
      await once(socket, 'close');
      return Number(answer);
    },
  };
}

const ownPath = process.env[SOCKET_VARIABLE];
if (ownPath !== undefined)
  createServer(async (socket) => socket.end(String(await liveBytes())))
    .listen(ownPath)
    .unref();
