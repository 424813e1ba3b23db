// The list of workloads, in the order in which they run.
import type { Workload } from './workload.ts';
import { connections } from './workloads/connections.ts';
import { idle } from './workloads/idle.ts';
import { large } from './workloads/large.ts';
import { logged } from './workloads/logged.ts';
import { routing } from './workloads/routing.ts';
import { small } from './workloads/small.ts';

export const workloads: readonly Workload[] = [small, large, logged, connections, routing, idle];
