// One workload from start to end: starts every rival in every variant, measures in interleaved rounds, ends them all.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../test/kit/at-end.ts';
import { withScope } from '../../test/kit/clean-up.ts';
import { closedPort } from '../../test/kit/scripted-upstream.ts';
import type { BackendPorts } from './backend.ts';
import type { CertificateFiles, Rival, Setup } from './rival.ts';
import { YARDSTICK } from './rivals.ts';
import { untilListening } from './server-process.ts';
import { printTable, type Series } from './table.ts';
import type { Contestant, Variant, Workload } from './workload.ts';

/** What all measurements of one run have in common. */
export interface Run {
  readonly rounds: number;
  readonly seconds: number;
  readonly node: string;
  readonly backend: BackendPorts;
  /** What the rivals show to clients that speak TLS. */
  readonly certificate: CertificateFiles;
  /** An empty folder for everything that is written. */
  readonly folder: string;
}

interface Entry extends Series {
  readonly rival: Rival;
  readonly variant: Variant;
  readonly costs: (number | undefined)[];
  readonly requestsPerSecond: (number | undefined)[];
  remark: string | undefined;
  contestant: Contestant | undefined;
}

/** Runs `workload` and answers its table. */
export async function runContest(workload: Workload, rivals: readonly Rival[], run: Run): Promise<string> {
  const entries = rivals.flatMap((rival) =>
    workload.variants.map((variant): Entry => {
      const label = variant.name === '' ? rival.version() : `${rival.version()}, ${variant.name}`;
      return { rival, variant, label, costs: [], requestsPerSecond: [], remark: undefined, contestant: undefined };
    }),
  );
  // Started one after the other, used one at a time: an idle rival costs nothing that the others would feel.
  await withScope(async (owner) => {
    const folder = join(run.folder, workload.name);
    mkdirSync(folder);
    for (const [index, entry] of entries.entries()) await start(owner, join(folder, String(index)), entry, run);
    const rounds = workload.isOnce ? 1 : run.rounds;
    for (let round = 0; round < rounds; round++)
      for (const entry of entries) await measure(workload, entry, folder, run);
  });
  const isAmongVariants = workload.variants.length > 1;
  return printTable(workload.unit, entries, (entry) =>
    entries.find(({ rival }) => (isAmongVariants ? rival === entry.rival : rival.name === YARDSTICK)),
  );
}

async function start(owner: Owner, folder: string, entry: Entry, run: Run): Promise<void> {
  mkdirSync(folder);
  const { logs, isSecure, backendProtocol = 'h1', ...wishes } = entry.variant.setup;
  const setup: Setup = {
    folder,
    port: await closedPort(),
    backendPort: run.backend[backendProtocol],
    backendProtocol,
    accessLog: logs === true ? join(folder, 'access.log') : undefined,
    connections: 2000,
    sites: undefined,
    certificate: isSecure === true ? run.certificate : undefined,
    rewriting: undefined,
    node: run.node,
    ...wishes,
  };
  entry.remark = entry.rival.cannot?.(setup);
  if (entry.remark !== undefined) return;
  try {
    const server = entry.rival.start(owner, setup);
    await untilListening(server, setup.port);
    entry.contestant = { server, port: setup.port };
  } catch (error) {
    entry.remark = messageOf(error);
  }
}

async function measure(workload: Workload, entry: Entry, folder: string, run: Run): Promise<void> {
  if (entry.contestant === undefined) return;
  const { contestant } = entry;
  try {
    const result = await withScope((owner) => workload.measure(owner, contestant, { seconds: run.seconds, folder }));
    entry.costs.push(result.cost);
    entry.requestsPerSecond.push(result.requestsPerSecond);
  } catch (error) {
    entry.costs.push(undefined);
    entry.requestsPerSecond.push(undefined);
    entry.remark = messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
