// Which rule an edit follows, told by what it took away and what it put there.
import type { UrlMap } from '../url-map.ts';

/** A slash that begins a path, in any spelling, and no second one behind it. */
const ONE_SLASH = /^(?:\\*\/|\\u002f|\\x2f|&#0*47;|&#x0*2f;|&sol;|%2f)(?!\\*\/|\\u002f|&#|%2f)/i;
const PERCENT_ENCODED = /%(?:25)*(?:3a|2f)/i;

/** One sentence for the change of `before` to `after`. */
export function nameRule(before: string, after: string, map: UrlMap): string {
  if (before === '' && after.startsWith('<')) return 'put in by Portico';
  const namesBackend = map.matcher.isNamedIn(before);
  const isPath = before === '' || ONE_SLASH.test(before);
  if (namesBackend && isPath)
    return `root-relative, with a URL of the backend nested in it: ${map.public.path} goes before`;
  if (namesBackend && PERCENT_ENCODED.test(before)) return 'URL of the backend, percent-encoded in another one';
  if (namesBackend || before.includes('://')) return 'URL of the backend: becomes the public one';
  if (isPath) return `root-relative URL: ${map.public.path} goes before it`;
  return 'value that depends on the public address';
}
