// What stood before the text at hand: a short memory that scanners keep from window to window.
import type { Window } from './window.ts';

/** The last `count` characters before `settled`, given `behind` before `from`. */
export function remember(behind: string, window: Window, from: number, settled: number, count: number): string {
  if (settled - from >= count) return window.slice(settled - count, settled);
  return settled === from ? behind : (behind + window.slice(from, settled)).slice(-count);
}
