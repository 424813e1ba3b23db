// The measurement that most workloads share: CPU time of a rival's processes while wrk asks, divided by the requests.
import type { Owner } from '../../../test/kit/at-end.ts';
import { type Load, runLoad } from '../load.ts';
import { treeCpuUs } from '../process-tree.ts';
import type { Conditions, Contestant, Measurement } from '../workload.ts';

/** Warms up, then measures for the seconds of the conditions. */
export async function cpuPerRequest(
  owner: Owner,
  { server, port }: Contestant,
  { seconds, warmUpSeconds, folder }: Conditions,
  what: Omit<Load, 'port' | 'seconds'>,
): Promise<Measurement> {
  await runLoad(owner, folder, { ...what, port, seconds: warmUpSeconds });
  const before = treeCpuUs(server.pid);
  const { requests, requestsPerSecond } = await runLoad(owner, folder, { ...what, port, seconds });
  return { cost: (treeCpuUs(server.pid) - before) / requests, requestsPerSecond };
}
