// Small answers with an access log to a file: what a log line costs.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const logged: Workload = {
  name: 'logged',
  title: '1 KiB GET, kept alive, 64 connections, access log to a file',
  unit: 'CPU us/request',
  goal: 'at most 1.6 x nginx (aim 1.2)',
  variants: [{ name: '', setup: { logs: true } }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64 }),
};
