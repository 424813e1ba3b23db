// Header names seen before, with their lower case: saves validating and lower-casing the few that every message repeats.
import { isToken } from './token.ts';

const known = new Map<string, string>();
const KNOWN_LIMIT = 512;
const LENGTH_LIMIT = 64;

/** `name` in lower case, or undefined if it is no header name (RFC 9110 §5.1: a token). */
export function lowerHeaderName(name: string): string | undefined {
  return known.get(name) ?? learn(name);
}

function learn(name: string): string | undefined {
  if (!isToken(name)) return undefined;
  const lowerName = name.toLowerCase();
  // A copy is kept: a slice would keep the whole head it was cut from alive.
  if (known.size < KNOWN_LIMIT && name.length <= LENGTH_LIMIT)
    known.set(Buffer.from(name, 'latin1').toString('latin1'), lowerName);
  return lowerName;
}
