// What the shim is told about the mount that its page belongs to.

/** Printed as JSON behind the shim's function: the same for every client of a mount. */
export interface ShimConfig {
  /** The public path of the mount, as browsers see it: ends in `/`. */
  readonly path: string;
  /** The path of the backend base: ends in `/`. */
  readonly base: string;
  readonly prefix: 'auto' | 'add' | 'keep';
  /** Public paths (ending in `/`) that the application links to on purpose. */
  readonly except: readonly string[];
  /** Every name of the backend, as `keysOfServer` has it, with the path that stands for the mount's root there. */
  readonly backends: readonly (readonly [key: number, path: string])[];
}
