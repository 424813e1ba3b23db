// Ten thousand connections that have asked once and wait: what a client costs that does nothing.
import { join } from 'node:path';
import { projectRoot } from '../../../test/kit/project-root.ts';
import { treeMemoryBytes } from '../process-tree.ts';
import { startServer } from '../server-process.ts';
import type { Workload } from '../workload.ts';

const CONNECTION_COUNT = 10_000;
const OPEN_LIMIT_MS = 120_000;
const MIB = 1024 * 1024;

export const idle: Workload = {
  name: 'idle',
  title: `memory with ${CONNECTION_COUNT} idle kept-alive connections`,
  unit: 'MiB',
  goal: 'at most 150 MB = 143 MiB (aim 100 MB = 95 MiB)',
  isOnce: true,
  variants: [{ name: '', setup: { connections: CONNECTION_COUNT + 1000 } }],
  async measure(owner, { server, port }) {
    const script = join(projectRoot, 'dist', 'bench', 'whole', 'hold-connections.js');
    const args = [script, String(port), String(CONNECTION_COUNT)];
    const holder = startServer(owner, 'hold-connections', process.execPath, args);
    await holder.untilOutput(/holding|failed/, OPEN_LIMIT_MS);
    if (!holder.stdout.includes('holding')) throw new Error(holder.output.trim());
    const cost = treeMemoryBytes(server.pid) / MIB;
    await holder.stop();
    return { cost, requestsPerSecond: undefined };
  },
};
