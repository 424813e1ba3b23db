// What a schema says about a wrong value, all alternatives of its unions included.
import type { z } from 'zod';

/** Every message, each with the place it is about, such as `cache./abs: expected ...`; empty if the value is right. */
export function mistakesOf(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.flatMap((issue) => flatten(issue, []));
}

function flatten(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): string[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap((inner) => flatten(inner, path));
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => flatten(inner, path));
  return [`${path.join('.')}: ${issue.message}`];
}
