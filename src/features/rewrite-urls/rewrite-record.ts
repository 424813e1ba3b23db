// What rewriting did at one mount since the program started: counters, and the leaks with a sample of each.
import type { ErrorCode } from '../../exchange/errors.ts';
import type { LeakRecord, RescueRecord, RewriteFigures } from '../../exchange/rewrite-figures.ts';
import type { Leak } from '../../rewrite/leaks.ts';
import type { ScanTally } from '../../rewrite/scan-sink.ts';
import type { Untouched } from '../../rewrite/select.ts';

/** Kinds of leaks that are told apart; further ones are counted together. */
const MAX_KINDS = 200;
const OTHER = 'other places';

/** Counts for one mount; outlives reloads. */
export class RewriteRecord {
  /** Given to the scanners, which count in it. */
  readonly tally = { edits: 0, heldBytes: 0, unexaminedBytes: 0, opaqueBodies: 0 } satisfies ScanTally;
  #rewritten = 0;
  readonly #untouched = new Map<Untouched, number>();
  readonly #failed = new Map<ErrorCode, number>();
  readonly #leaks = new Map<string, LeakRecord>();
  /** By method and path; they come from clients, so that their number is bounded. */
  readonly #rescues = new Map<string, RescueRecord>();

  noteRewritten(): void {
    this.#rewritten++;
  }

  noteUntouched(reason: Untouched): void {
    this.#untouched.set(reason, (this.#untouched.get(reason) ?? 0) + 1);
  }

  /** A body that broke while it was decoded or rewritten. */
  noteFailure(code: ErrorCode): void {
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1);
  }

  /** `target` is what the client asked for; the place of a body is its media type. */
  noteLeak(leak: Leak, target: string, mediaType: string): void {
    const place = leak.place === 'body' ? `body ${mediaType}`.trimEnd() : `header ${leak.place}`;
    const known = this.#leaks.get(`${place} ${leak.authority}`) ?? this.#leaks.get(OTHER);
    if (known !== undefined && (this.#leaks.has(`${place} ${leak.authority}`) || this.#leaks.size > MAX_KINDS)) {
      known.count++;
      return;
    }
    const isFull = this.#leaks.size >= MAX_KINDS;
    const record = { place: isFull ? OTHER : place, authority: leak.authority, count: 1, target, sample: leak.sample };
    this.#leaks.set(isFull ? OTHER : `${place} ${leak.authority}`, record);
  }

  /** A request that went past the mount and was sent into it. */
  noteRescue(rescue: Omit<RescueRecord, 'count'>): void {
    const key = `${rescue.method} ${rescue.path}`;
    const known = this.#rescues.get(key) ?? (this.#rescues.size >= MAX_KINDS ? this.#rescues.get(OTHER) : undefined);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const isFull = this.#rescues.size >= MAX_KINDS;
    this.#rescues.set(isFull ? OTHER : key, { ...rescue, ...(isFull ? { path: OTHER } : {}), count: 1 });
  }

  /** Sets all figures back to nothing. */
  reset(): void {
    Object.assign(this.tally, { edits: 0, heldBytes: 0, unexaminedBytes: 0, opaqueBodies: 0 });
    this.#rewritten = 0;
    for (const table of [this.#untouched, this.#failed, this.#leaks, this.#rescues]) table.clear();
  }

  /** A copy of all figures. */
  figures(): RewriteFigures {
    return {
      rewritten: this.#rewritten,
      edits: this.tally.edits,
      heldBytes: this.tally.heldBytes,
      unexaminedBytes: this.tally.unexaminedBytes,
      untouched: {
        ...Object.fromEntries(this.#untouched),
        // Only the first bytes of a body tell, when it has been counted as one that is rewritten.
        ...(this.tally.opaqueBodies === 0 ? {} : { charset: this.tally.opaqueBodies }),
      },
      failed: Object.fromEntries(this.#failed),
      leaks: [...this.#leaks.values()].map((leak) => ({ ...leak })),
      rescues: [...this.#rescues.values()].map((rescue) => ({ ...rescue })),
    };
  }
}
