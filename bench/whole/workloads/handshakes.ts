// TLS handshakes, a request on each: full ones, and those that resume a session.
import { join } from 'node:path';
import type { Owner } from '../../../test/kit/at-end.ts';
import { projectRoot } from '../../../test/kit/project-root.ts';
import { treeCpuUs } from '../process-tree.ts';
import { type ServerProcess, startServer } from '../server-process.ts';
import type { Conditions, Contestant, Measurement, Workload } from '../workload.ts';

/** Servers that were measured before: one second warms them again. */
const isWarm = new WeakSet<ServerProcess>();
const END_LIMIT_MS = 30_000;

export const handshakes: Workload = {
  name: 'handshakes',
  title: 'TLS 1.3, P-256: a full handshake and a 1 KiB GET on each connection, 16 at a time',
  unit: 'CPU us/connection',
  goal: 'none set',
  variants: [{ name: '', setup: { isSecure: true } }],
  measure: (owner, contestant, conditions) => cpuPerConnection(owner, contestant, conditions, 'full'),
};

export const resumptions: Workload = {
  name: 'resumptions',
  title: 'TLS 1.3: a resumed session and a 1 KiB GET on each connection, 16 at a time',
  unit: 'CPU us/connection',
  goal: 'none set',
  variants: [{ name: '', setup: { isSecure: true } }],
  measure: (owner, contestant, conditions) => cpuPerConnection(owner, contestant, conditions, 'resumed'),
};

async function cpuPerConnection(
  owner: Owner,
  { server, port }: Contestant,
  { seconds }: Conditions,
  kind: 'full' | 'resumed',
): Promise<Measurement> {
  await connectMany(owner, port, isWarm.has(server) ? 1 : seconds, kind);
  isWarm.add(server);
  const before = treeCpuUs(server.pid);
  const count = await connectMany(owner, port, seconds, kind);
  return { cost: (treeCpuUs(server.pid) - before) / count, requestsPerSecond: count / seconds };
}

/** Runs the client and answers how many connections it made. */
async function connectMany(owner: Owner, port: number, seconds: number, kind: string): Promise<number> {
  const script = join(projectRoot, 'dist', 'bench', 'whole', 'make-handshakes.js');
  const client = startServer(owner, 'make-handshakes', process.execPath, [script, String(port), String(seconds), kind]);
  await client.ended(seconds * 1000 + END_LIMIT_MS);
  const count = Number(/^(\d+) connections$/m.exec(client.stdout)?.[1] ?? 0);
  if (count === 0) throw new Error(client.output.trim());
  return count;
}
