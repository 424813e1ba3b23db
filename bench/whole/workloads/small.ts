// Small answers over kept connections: what a proxy does most.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const small: Workload = {
  name: 'small',
  title: '1 KiB GET, kept alive, 64 connections, access log off',
  unit: 'CPU us/request',
  goal: 'at most 1.5 x nginx on Node 20 (aim 1.2), 1.25 on the newest (aim below 1)',
  variants: [{ name: '', setup: {} }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64 }),
};
