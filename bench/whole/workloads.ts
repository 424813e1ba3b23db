// The list of workloads, in the order in which they run.
import type { Workload } from './workload.ts';
import { connections } from './workloads/connections.ts';
import { handshakes, resumptions } from './workloads/handshakes.ts';
import { http2, http2Large } from './workloads/http2.ts';
import { http2Upstream, http2UpstreamLarge } from './workloads/http2-upstream.ts';
import { https } from './workloads/https.ts';
import { idle } from './workloads/idle.ts';
import { large } from './workloads/large.ts';
import { logged } from './workloads/logged.ts';
import { rewriting, withoutHits } from './workloads/rewriting.ts';
import { routing } from './workloads/routing.ts';
import { small } from './workloads/small.ts';

export const workloads: readonly Workload[] = [
  small,
  large,
  logged,
  connections,
  routing,
  https,
  http2,
  http2Large,
  http2Upstream,
  http2UpstreamLarge,
  handshakes,
  resumptions,
  ...rewriting,
  withoutHits,
  idle,
];
