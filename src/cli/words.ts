// Small wording that several commands share.
import { relative } from 'node:path';
import type { SourcePosition } from '../exchange/route.ts';

/** `1 site`, `2 sites`. */
export function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `portico.yaml:12`, shortened against `cwd`; empty where there is no place. */
export function printPosition(source: SourcePosition | undefined, cwd: string): string {
  if (source === undefined) return '';
  const fromHere = relative(cwd, source.file);
  return `${fromHere.startsWith('..') ? source.file : fromHere}:${source.line}`;
}
