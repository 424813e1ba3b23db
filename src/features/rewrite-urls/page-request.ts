// What a request is for, as far as the shim is concerned: a page, a worker's script, or neither.
import type { ReadonlyHeaderList } from '../../http/header-list.ts';

const PAGES: ReadonlySet<string> = new Set(['document', 'iframe', 'frame', 'fencedframe', 'embed', 'object']);
const WORKERS: ReadonlySet<string> = new Set(['worker', 'sharedworker', 'serviceworker']);

/**
 * Whether the answer becomes a page or the script of a worker. Browsers say so on https and loopback (Fetch Metadata);
 * elsewhere a navigation is known by what it accepts, and by the absence of what libraries add when they fetch markup.
 */
export function wantsShim(headers: ReadonlyHeaderList): 'page' | 'worker' | 'no' {
  const destination = headers.get('sec-fetch-dest');
  if (destination !== undefined) return PAGES.has(destination) ? 'page' : WORKERS.has(destination) ? 'worker' : 'no';
  const isFetched = headers.has('x-requested-with') || headers.has('hx-request');
  return !isFetched && /^\s*text\/html\b/i.test(headers.get('accept') ?? '') ? 'page' : 'no';
}
