// The measurement that most workloads share: CPU time of a rival's processes while wrk asks, divided by the requests.
import type { Owner } from '../../../test/kit/at-end.ts';
import { type Load, runLoad } from '../load.ts';
import { treeCpuUs } from '../process-tree.ts';
import type { ServerProcess } from '../server-process.ts';
import type { Conditions, Contestant, Measurement } from '../workload.ts';

/** Before the first measurement: compilers in the rivals are done with the hot path after so many requests. */
const WARM_REQUESTS = 20_000;
/** Large answers, and a busy machine, do not get that far: no longer than so many measurements. */
const WARM_UP_MEASUREMENTS = 3;
/** Before every measurement: pools are full again. */
const WARM_UP_SECONDS = 1;

/** Requests for warming that each server has had. */
const warmed = new WeakMap<ServerProcess, number>();

/** Warms up, then measures for the seconds of the conditions. */
export async function cpuPerRequest(
  owner: Owner,
  { server, port }: Contestant,
  { seconds, folder }: Conditions,
  what: Omit<Load, 'port' | 'seconds'>,
): Promise<Measurement> {
  for (let second = 0; second < WARM_UP_MEASUREMENTS * seconds; second += WARM_UP_SECONDS) {
    const { requests } = await runLoad(owner, folder, { ...what, port, seconds: WARM_UP_SECONDS, mayBeEmpty: true });
    const soFar = (warmed.get(server) ?? 0) + requests;
    warmed.set(server, soFar);
    if (soFar >= WARM_REQUESTS) break;
  }
  warmed.set(server, WARM_REQUESTS);
  const before = treeCpuUs(server.pid);
  const { requests, requestsPerSecond } = await runLoad(owner, folder, { ...what, port, seconds });
  return { cost: (treeCpuUs(server.pid) - before) / requests, requestsPerSecond };
}
