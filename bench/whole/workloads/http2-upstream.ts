// Small and large answers from a backend that speaks HTTP/2, to clients of HTTP/1.1: what the protocol costs towards endpoints.
import type { Variant, Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

const BOTH_PROTOCOLS: readonly Variant[] = [
  { name: 'backend h1', setup: {} },
  { name: 'backend h2', setup: { backendProtocol: 'h2' } },
];

export const http2Upstream: Workload = {
  name: 'h2-upstream',
  title: '1 KiB GET, kept alive, 64 connections, from a backend in HTTP/1.1 and in HTTP/2',
  unit: 'CPU us/request',
  goal: 'the second at most 1.25 x the first',
  variants: BOTH_PROTOCOLS,
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64 }),
};

export const http2UpstreamLarge: Workload = {
  name: 'h2-upstream-large',
  title: '1 MiB GET, kept alive, 16 connections, from a backend in HTTP/1.1 and in HTTP/2',
  unit: 'CPU us/request',
  goal: 'the second at most 1.5 x the first',
  variants: BOTH_PROTOCOLS,
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/large', connections: 16 }),
};
