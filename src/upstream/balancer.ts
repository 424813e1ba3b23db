// Balancer: picks one of the endpoints that can take a request.
import type { Exchange } from '../exchange/exchange.ts';
import type { Endpoint } from './endpoint.ts';

/** Synchronous and without I/O; may keep a counter. `candidates` are usable, not tried yet, and at least one. */
export interface Balancer {
  pick(candidates: readonly Endpoint[], exchange: Exchange): Endpoint | undefined;
}
