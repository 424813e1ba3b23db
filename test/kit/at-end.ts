// Cleaning up at the end of a test: everything is cleaned up, last first, and a failed test shows its transcripts.

/** Whoever has an end: a test context, or an object of one's own that calls what it is given when it is done. */
export interface Owner {
  after(cleanUp: () => Promise<void>): void;
  /** Whether the test passed, where that is known. */
  readonly passed?: boolean;
  diagnostic?(message: string): void;
}

interface Duty {
  readonly cleanUp: () => unknown;
  readonly explain: (() => string) | undefined;
}

const duties = new WeakMap<Owner, Duty[]>();

/**
 * Calls `cleanUp` when the owner is done, in reverse order of these calls. One that throws does not keep the others
 * from running (node:test would skip them); the first error fails the test. `explain` is printed if the test failed.
 */
export function atEnd(owner: Owner, cleanUp: () => unknown, explain?: () => string): void {
  let mine = duties.get(owner);
  if (mine === undefined) {
    mine = [];
    duties.set(owner, mine);
    owner.after(() => end(owner));
  }
  mine.push({ cleanUp, explain });
}

async function end(owner: Owner): Promise<void> {
  const mine = duties.get(owner) ?? [];
  duties.delete(owner);
  if (owner.passed === false) for (const { explain } of mine) if (explain !== undefined) owner.diagnostic?.(explain());
  const errors: unknown[] = [];
  for (const { cleanUp } of mine.reverse()) {
    try {
      await cleanUp();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
