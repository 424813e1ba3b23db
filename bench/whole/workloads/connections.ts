// A connection per request: what accepting costs.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const connections: Workload = {
  name: 'connections',
  title: '1 KiB GET, a new connection for each, 64 at a time, access log off',
  unit: 'CPU us/request',
  goal: 'none set',
  variants: [{ name: '', setup: {} }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64, headers: ['Connection: close'] }),
};
