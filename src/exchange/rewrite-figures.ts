// RewriteFigures: what a mount that rewrites tells about its work, for `portico leaks` and for metrics; and its desk, RewriteWork.

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

/** Requests that went past the mount and were sent into it: each kind is a rule that is missing. */
export interface RescueRecord {
  readonly method: string;
  /** The path that was asked for, without query. */
  readonly path: string;
  count: number;
  /** The page or resource that asked first: the path of its Referer; empty for a WebSocket, which names none. */
  readonly referrer: string;
}

/** Counters since the program started, or since they were reset. */
export interface RewriteFigures {
  /** Bodies that went through a rewriter. */
  readonly rewritten: number;
  /** URLs changed in bodies. */
  readonly edits: number;
  /** The most bytes that were held back at once. */
  readonly heldBytes: number;
  /** Bytes of markup that went by unexamined, because a tag was too long to be held back. */
  readonly unexaminedBytes: number;
  /** Bodies that were left alone, by reason. */
  readonly untouched: Readonly<Record<string, number>>;
  /** Bodies that could not be decoded or rewritten, by error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly leaks: readonly LeakRecord[];
  readonly rescues: readonly RescueRecord[];
}

/** What a mount that rewrites tells and takes. */
export interface RewriteWork {
  figures(): RewriteFigures;
  /** Sets all figures back to nothing. */
  reset(): void;
  /**
   * Takes in requests that went past the mount. Undefined for a mount that takes none: it lies at the root, or its
   * application knows its path, or the configuration says so.
   */
  readonly strays: Strays | undefined;
}

/** The way back into a mount for requests that its application meant for itself. */
export interface Strays {
  /** The public path for a path as the application writes it; undefined for one that is none of its own. */
  toPublic(path: string): string | undefined;
  /** Counts a request that was sent into the mount. */
  note(rescue: Omit<RescueRecord, 'count'>): void;
}
