// What makes a body worth scanning at a mount where only authorities change, and the search for it.
import type { AuthorityMatcher } from './authority-matcher.ts';

/** Immutable; one per matcher and language, shared by all bodies. */
export class Marks {
  /** Length of the longest mark in bytes. */
  readonly longest: number;
  readonly #matcher: AuthorityMatcher;
  readonly #hints: readonly string[];
  readonly #needles: readonly Buffer[];
  #hintPattern: RegExp | undefined;

  /**
   * `hints`: other strings an edit may be about, beside the needles of `matcher`. `lessons`: what a scanner is to learn about,
   * exactly so; no quote, angle or white space in it.
   */
  constructor(matcher: AuthorityMatcher, hints: readonly string[] = [], lessons: readonly string[] = []) {
    this.#matcher = matcher;
    this.#hints = hints;
    this.#needles = [...hints, ...lessons].map((text) => Buffer.from(text, 'latin1'));
    this.longest = Math.max(0, ...[...matcher.needles, ...this.#needles].map(({ length }) => length));
  }

  /** Whether a mark is in `bytes`. */
  areIn(bytes: Buffer): boolean {
    if (this.#matcher.isHintedInBytes(bytes)) return true;
    for (const needle of this.#needles) if (bytes.indexOf(needle) >= 0) return true;
    return false;
  }

  /** Matches what an edit may be about. */
  get hintPattern(): RegExp {
    return (this.#hintPattern ??= this.#matcher.hintPattern(this.#hints));
  }
}
