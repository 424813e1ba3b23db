// RewriteFigures: what a mount that rewrites tells about its work, for `portico leaks` and for metrics.

/** One kind of leak: the address of a backend that a client got to see. */
export interface LeakRecord {
  /** `header location`, `body text/html`. */
  readonly place: string;
  /** The backend's authority. */
  readonly authority: string;
  count: number;
  /** The request target of the first one. */
  readonly target: string;
  /** What stood around the first one. */
  readonly sample: string;
}

/** Counters since the program started. */
export interface RewriteFigures {
  /** Bodies that went through a rewriter. */
  readonly rewritten: number;
  /** URLs changed in bodies. */
  readonly edits: number;
  /** The most bytes that were held back at once. */
  readonly heldBytes: number;
  /** Bodies that were left alone, by reason. */
  readonly untouched: Readonly<Record<string, number>>;
  /** Bodies that could not be decoded or rewritten, by error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly leaks: readonly LeakRecord[];
}
