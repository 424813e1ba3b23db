// Small answers over kept TLS connections in HTTP/1.1: what encryption adds.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const https: Workload = {
  name: 'https',
  title: '1 KiB GET over TLS 1.3 in HTTP/1.1, kept alive, 64 connections',
  unit: 'CPU us/request',
  goal: 'at most 1.5 x nginx',
  variants: [{ name: '', setup: { isSecure: true } }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64, isSecure: true }),
};
