// Durations as people write them in configuration ("30s", "1m30s") to milliseconds and back.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/**
 * Parses a duration such as `30s`, `1m30s`, `1.5h` or `250ms` into milliseconds.
 * Throws a SyntaxError that names the text for anything else, a bare number included: the unit is not optional.
 */
export function parseDuration(text: string): number {
  if (!WHOLE.test(text)) throw new SyntaxError(`Cannot parse duration "${text}": write a number and ms, s, m, h or d`);
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART)) totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return totalMs;
}

/** Prints milliseconds with the largest unit that divides them: 90000 is `90s`, 3600000 is `1h`. */
export function printDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const unitMs = UNIT_MS[unit] ?? 1;
    if (durationMs >= unitMs && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}
