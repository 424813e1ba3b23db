// What clients may keep: the words of the `cache` option and the Cache-Control line each file gets.
import { parseDuration } from '../../util/duration.ts';

/** One rule: files that `pattern` covers are sent with `value`. */
export interface CacheRule {
  readonly pattern: string;
  /** The value of Cache-Control (RFC 9111 §5.2.2). */
  readonly value: string;
}

const YEAR_S = 31_536_000;

/**
 * The Cache-Control value that a word of the configuration stands for: `immutable`, `revalidate`, `never`, or a duration.
 * Throws a SyntaxError for anything else. Says nothing about shared caches (`public`), which then keep to their rules
 * for requests with credentials (RFC 9111 §3.5).
 */
export function parseCacheWord(word: string): string {
  if (word === 'immutable') return `max-age=${YEAR_S}, immutable`; // RFC 8246 §2
  if (word === 'revalidate') return 'no-cache';
  if (word === 'never') return 'no-store';
  return `max-age=${Math.floor(parseDuration(word) / 1000)}`;
}

/** Whether `pattern` is one of `*`, `*.css`, `assets/`, `a/b.js`. */
export function isCachePattern(pattern: string): boolean {
  return pattern === '*' || /^\*\.[^*/]+$/.test(pattern) || /^[^*/][^*]*$/.test(pattern);
}

/**
 * The Cache-Control value for the file `name` (path below the root), or undefined if no rule covers it.
 * The name itself wins over a folder, a deeper folder over its parents, a folder over an ending, an ending over `*`.
 */
export function cacheControlFor(name: string, rules: readonly CacheRule[]): string | undefined {
  let best: CacheRule | undefined;
  for (const rule of rules) {
    if (!covers(rule.pattern, name)) continue;
    if (best === undefined || rank(rule.pattern) > rank(best.pattern)) best = rule;
  }
  return best?.value;
}

function covers(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
  return pattern.endsWith('/') ? name.startsWith(pattern) : name === pattern;
}

function rank(pattern: string): number {
  if (pattern.startsWith('*')) return pattern.length - 1_000_000;
  return pattern.endsWith('/') ? pattern.length : Number.POSITIVE_INFINITY;
}
