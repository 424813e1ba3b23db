// Which mount of a site a path belongs to: the exact path, else the longest subtree at a segment boundary.
import { isSubtree, plainPath } from '../exchange/public-path.ts';

/** Immutable lookup from paths to values. Costs as many map lookups as there are different depths, not mounts. */
export class PathTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #subtrees = new Map<string, T>();
  /** Numbers of segments that subtrees have, deepest first. */
  readonly #depths: readonly number[];

  /** The paths of mounts: see `isSubtree`. */
  constructor(entries: Iterable<readonly [path: string, value: T]>) {
    const depths = new Set<number>();
    for (const [path, value] of entries) {
      if (!isSubtree(path)) {
        this.#exact.set(plainPath(path), value);
        continue;
      }
      this.#subtrees.set(path, value);
      depths.add(countSegments(path));
    }
    this.#depths = [...depths].sort((a, b) => b - a);
  }

  /** The value for a routing path (see `routingPath` in http/target.ts). */
  find(path: string): T | undefined {
    if (this.#exact.size > 0) {
      const exact = this.#exact.get(path);
      if (exact !== undefined) return exact;
    }
    for (const depth of this.#depths) {
      const end = endOfSegments(path, depth);
      const value = end < 0 ? undefined : this.#subtrees.get(end === path.length ? path : path.slice(0, end));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The subtree that a path without its final slash asks for: `/app` for `/app/`. */
  findUnslashed(path: string): T | undefined {
    return this.#subtrees.get(`${path}/`);
  }
}

/** How many segments lie before the final slash: 0 for `/`, 1 for `/app/`. */
function countSegments(subtree: string): number {
  return subtree.split('/').length - 2;
}

/** The index behind the slash that ends segment `depth` (0: the first slash), or -1 if the path is shorter. */
function endOfSegments(path: string, depth: number): number {
  let index = 0;
  for (let segment = 0; segment < depth; segment++) {
    index = path.indexOf('/', index + 1);
    if (index < 0) return -1;
  }
  return index + 1;
}
