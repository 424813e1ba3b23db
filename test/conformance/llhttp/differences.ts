// The requests of the corpus that Portico and llhttp read differently, what each makes of them, and why.

/** One difference. The texts are those of `Reading`. */
export interface Difference {
  readonly portico: string;
  readonly llhttp: string;
  readonly why: string;
}

/** Case id to difference. The test fails on one that is not here, and on one that is here and no longer so. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {};
