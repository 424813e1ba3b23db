// Keeps a command's process from ending while it waits: no timer of the clock does.
import { MessageChannel } from 'node:worker_threads';

/** Runs `work`; until it is over, the process does not end by itself. */
export async function stayAlive<T>(work: () => Promise<T>): Promise<T> {
  const { port1 } = new MessageChannel();
  // A port that somebody listens on counts as a reason to live.
  port1.on('message', () => {});
  try {
    return await work();
  } finally {
    port1.close();
  }
}
