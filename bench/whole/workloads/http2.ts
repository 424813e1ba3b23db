// Small and large answers in HTTP/2 over TLS, many streams to a connection.
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

export const http2: Workload = {
  name: 'h2',
  title: '1 KiB GET over TLS in HTTP/2, 8 connections, 16 streams each',
  unit: 'CPU us/request',
  goal: 'at most 2 x nginx',
  variants: [{ name: '', setup: { isSecure: true } }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 8, isSecure: true, streams: 16 }),
};

export const http2Large: Workload = {
  name: 'h2-large',
  title: '1 MiB GET over TLS in HTTP/2, 4 connections, 4 streams each',
  unit: 'CPU us/request',
  goal: 'none set',
  variants: [{ name: '', setup: { isSecure: true } }],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/large', connections: 4, isSecure: true, streams: 4 }),
};
