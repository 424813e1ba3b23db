// Rewriting whole pages of HTML below a path: how many bytes a proxy rewrites in a second of CPU time.
import { PAGES, type Page } from '../pages.ts';
import { REWRITE_MOUNT } from '../rival.ts';
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

const BYTES_PER_MB = 1e6;
const CONNECTIONS = 8;

/** One workload a page: `rewrite-app100k` and so on. */
export const rewriting: readonly Workload[] = PAGES.map((page) => ({
  name: `rewrite-${page.name.replace('.html', '')}`,
  title: `${page.title}, mounted at ${REWRITE_MOUNT}, ${CONNECTIONS} connections; 1000 / cost = MB per CPU second`,
  unit: 'CPU ms/MB',
  goal: `at most ${(1000 / page.barMbPerSecond).toFixed(1)} ms/MB = ${page.barMbPerSecond} MB per CPU second; aim: ahead of nginx sub_filter`,
  variants: [{ name: '', setup: { rewriting: 'path' } }],
  measure: async (owner, contestant, conditions) =>
    perMegabyte(
      page,
      await cpuPerRequest(owner, contestant, conditions, {
        path: `${REWRITE_MOUNT}pages/${page.name}`,
        connections: CONNECTIONS,
      }),
    ),
}));

const WITHOUT_HITS = PAGES.find(({ name }) => name === 'source.html') as Page;

/** At the root of another name only absolute URLs change: what it costs that there may be some, and are none. */
export const withoutHits: Workload = {
  name: 'rewrite-nothing',
  title: `${WITHOUT_HITS.title}, at the root, no URL of the backend in it: forwarded, and looked through`,
  unit: 'CPU ms/MB',
  goal: 'the second within 15 % of the first',
  variants: [
    { name: 'forwarded', setup: { rewriting: 'plain' } },
    { name: 'looked through', setup: { rewriting: 'host' } },
  ],
  measure: async (owner, contestant, conditions) =>
    perMegabyte(
      WITHOUT_HITS,
      await cpuPerRequest(owner, contestant, conditions, {
        path: `/pages/${WITHOUT_HITS.name}`,
        connections: CONNECTIONS,
      }),
    ),
};

function perMegabyte(page: Page, { cost, requestsPerSecond }: { cost: number; requestsPerSecond: number | undefined }) {
  return { cost: cost / 1000 / (page.bytes.length / BYTES_PER_MB), requestsPerSecond };
}
