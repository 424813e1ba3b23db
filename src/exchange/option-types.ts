// Option schemas that many features share: durations, sizes, paths, secrets; with one voice for mistakes.
import { z } from 'zod';
import { parseDuration } from '../util/duration.ts';
import { parseSize } from '../util/size.ts';

/**
 * What a schema says about an option besides its shape; set with `.meta()`. The configuration loader obeys it.
 * `path`: a relative path starts from the folder of the document. `secret`: never printed.
 */
export interface OptionMarks {
  readonly path?: boolean;
  readonly secret?: boolean;
}

/** What editors check durations and sizes with: the real grammar, or a variable of the environment somewhere. */
export const DURATION_PATTERN = String.raw`^(\d+(\.\d+)?(ms|s|m|h|d))+$|\$\{`;
/** See {@link DURATION_PATTERN}. */
export const SIZE_PATTERN = String.raw`^\d+(\.\d+)?\s*([KkMmGg]i?)?[Bb]$|\$\{`;

/** See {@link DURATION_PATTERN}. */
export const DIGITS_PATTERN = String.raw`^\d{1,15}$`;

/** A duration with its unit, such as `30s`; the option's value is milliseconds. Default with `.prefault('30s')`. */
export function durationOption() {
  return parsedText('a duration such as 30s', parseDuration, DURATION_PATTERN);
}

/** A size with its unit, such as `64KiB`; the option's value is bytes. Default with `.prefault('64KiB')`. */
export function sizeOption() {
  return parsedText('a size such as 10MB', parseSize, SIZE_PATTERN);
}

/** A file or folder; by the time a feature sees it, it is absolute. */
export function pathOption() {
  const message = 'expected a path';
  return z.string({ error: message }).min(1, message).meta({ path: true });
}

/** A text that logs, `check --print` and diagnostics do not show. */
export function secretOption() {
  return z.string().meta({ secret: true });
}

/** A whole number from `least` on. Takes digits in quotes too, which is what `${NAME}` gives. */
export function countOption(least: number) {
  const message = `expected a whole number from ${least}`;
  const parsed = z.union([z.int(), z.string().regex(new RegExp(DIGITS_PATTERN)).transform(Number)], { error: message });
  return parsed.refine((count) => count >= least, message).meta({ minimum: least });
}

/** A text that `parse` turns into a number or refuses with a SyntaxError. `pattern` is for editors. */
function parsedText(expected: string, parse: (text: string) => number, pattern: string) {
  const message = `expected ${expected}`;
  return z
    .string({ error: message })
    .meta({ pattern })
    .transform((text, context) => {
      try {
        return parse(text);
      } catch {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
    });
}
