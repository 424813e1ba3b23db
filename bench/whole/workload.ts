// What is measured: a workload sets rivals up and takes one number from each in each round.
import type { Owner } from '../../test/kit/at-end.ts';
import type { Setup } from './rival.ts';
import type { ServerProcess } from './server-process.ts';

/** A started rival that listens. */
export interface Contestant {
  readonly server: ServerProcess;
  readonly port: number;
}

/** How long to measure, and where scripts may be written. */
export interface Conditions {
  readonly seconds: number;
  readonly folder: string;
}

/** What one measurement gave: the number that is compared, and the one that is only shown. */
export interface Measurement {
  /** In the unit of the workload; less is better. */
  readonly cost: number;
  readonly requestsPerSecond: number | undefined;
}

/** One row of numbers per rival. */
export interface Workload {
  /** What it is called on the command line. */
  readonly name: string;
  readonly title: string;
  /** The unit of the cost, such as `CPU us/request`. */
  readonly unit: string;
  /** The ratio to nginx, or the cost, that Portico must reach and the one it aims at, in words. */
  readonly goal: string;
  /** One-sided measurements need no repetition. */
  readonly isOnce?: boolean;
  /** How the rivals are set up for it. With several, each is compared with the first of the same rival. */
  readonly variants: readonly Variant[];
  measure(owner: Owner, contestant: Contestant, conditions: Conditions): Promise<Measurement>;
}

/** A setup within a workload. `name` is empty if there is only one. */
export interface Variant {
  readonly name: string;
  readonly setup: Partial<Pick<Setup, 'connections' | 'sites' | 'rewriting' | 'backendProtocol'>> & {
    readonly logs?: boolean;
    readonly isSecure?: boolean;
  };
}
