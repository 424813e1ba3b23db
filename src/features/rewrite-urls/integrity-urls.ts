// Resources whose bytes a page checks against a hash: they are delivered as the backend sent them.
import { parseUrl } from '../../util/parse-url.ts';

/** More than a site has; what was asked for longest ago is forgotten. */
const REMEMBERED_URLS = 4096;

/**
 * Targets (path and query) on one backend that some page named with `integrity` (Subresource Integrity §3.3). Learned from
 * the pages that go by: a browser asks for the resource after it saw the page.
 */
export class IntegrityUrls {
  readonly #targets = new Set<string>();

  /** Notes a URL as a page wrote it; `base` is the backend's URL of that page. */
  add(url: string, base: string): void {
    const parsed = parseUrl(url, base);
    if (parsed === undefined) return;
    const target = parsed.pathname + parsed.search;
    this.#targets.delete(target);
    if (this.#targets.size >= REMEMBERED_URLS) this.#forgetOldest();
    this.#targets.add(target);
  }

  /** Whether a page checks what the backend answers at this target. */
  has(target: string): boolean {
    return this.#targets.size > 0 && this.#targets.has(target);
  }

  #forgetOldest(): void {
    for (const target of this.#targets) {
      this.#targets.delete(target);
      return;
    }
  }
}
