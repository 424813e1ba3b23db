// Large answers: how cheaply bytes are moved.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const large: Workload = {
  name: 'large',
  title: '1 MiB GET, kept alive, 16 connections, access log off',
  unit: 'CPU us/request',
  goal: 'at most 1.1 x nginx (aim 0.8)',
  variants: [{ name: '', setup: {} }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/large', connections: 16 }),
};
