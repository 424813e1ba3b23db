// What the scanner learned about a document: for the head insertion, for the proxy, and for those who look after it.

/** How a URL of the document's own was written. `public`: root-relative, with the path of the mount in it already. */
export type UrlForm = 'none' | 'relative' | 'rooted' | 'public' | 'absolute' | 'foreign';

/** Bounds the lists: a document that has more of its own is not worth more memory. */
const MAX_LISTED = 256;

/**
 * Facts about one document, complete up to where the scanner stands. Collected only from what a browser would run or load:
 * nothing inside `template` or opted out.
 */
export class HtmlFindings {
  /** Scripts and module preloads by the form of their URL; `rooted` and `absolute` ones had to be changed. */
  readonly scripts: Record<UrlForm, number> = {
    none: 0,
    relative: 0,
    rooted: 0,
    public: 0,
    absolute: 0,
    foreign: 0,
  };
  /** The form of the first `<base href>`. */
  base: UrlForm = 'none';
  /** The first nonce on a script. */
  nonce: string | undefined;
  /** URLs, as the backend wrote them, of own resources with `integrity`: they must be delivered byte for byte. */
  readonly integrityUrls: string[] = [];
  /** Content security policies in meta elements, as the client gets them. */
  readonly policies: string[] = [];
  /** Bytes of markup that went out unexamined because a tag was too long to hold back. */
  unexaminedBytes = 0;

  readonly #onIntegrityUrl: ((url: string) => void) | undefined;

  /** `onIntegrityUrl` hears of each of them at once: browsers ask before the document is over. */
  constructor(onIntegrityUrl?: (url: string) => void) {
    this.#onIntegrityUrl = onIntegrityUrl;
  }

  addIntegrityUrl(url: string): void {
    this.#onIntegrityUrl?.(url);
    if (this.integrityUrls.length < MAX_LISTED) this.integrityUrls.push(url);
  }

  addPolicy(policy: string): void {
    if (this.policies.length < MAX_LISTED) this.policies.push(policy);
  }
}
