// Round robin: every endpoint in turn.
import type { Balancer } from '../balancer.ts';

/** A balancer that takes the endpoints one after the other. */
export function createRoundRobin(): Balancer {
  let turn = 0;
  return {
    pick(candidates) {
      turn = (turn + 1) % Math.max(1, candidates.length);
      return candidates[turn % candidates.length];
    },
  };
}
