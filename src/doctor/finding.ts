// What the doctor can find, and the setting that would mend each; one table, so that the manual and the report agree.

/** Everything that can be wrong. */
export type FindingKind =
  | 'not-found'
  | 'refused'
  | 'server-error'
  | 'unreachable'
  | 'leak'
  | 'escape'
  | 'stray-request'
  | 'link-out'
  | 'mixed-content'
  | 'policy-violation'
  | 'redirect-loop'
  | 'cookie-path'
  | 'cookie-domain'
  | 'cookie-secure'
  | 'script-error';

/** What would mend it. */
export interface Remedy {
  /** The key of the configuration, such as `rewrite.also`; undefined where no setting of ours does it. */
  readonly key: string | undefined;
  /** The value to write, where it is known. */
  readonly value?: unknown;
  /** One sentence. */
  readonly advice: string;
}

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** What it is about: the URL that failed, the link, the cookie's name. */
  readonly subject: string;
  /** The page or answer where it was met. */
  readonly at: string;
  /** One sentence on what was seen. */
  readonly detail: string;
  readonly remedy: Remedy;
  /** How often the same was met; the rest are not listed. */
  count: number;
}

/** The heading of each kind in the report. */
export const TITLES: Readonly<Record<FindingKind, string>> = {
  'not-found': 'Not found',
  refused: 'Refused',
  'server-error': 'Server errors',
  unreachable: 'No answer',
  leak: 'Leaks: the address of the backend reaches clients',
  escape: 'Escapes: the browser goes to the backend itself',
  'stray-request': 'Requests that miss the mount',
  'link-out': 'Links and redirects out of the mount',
  'mixed-content': 'Mixed content',
  'policy-violation': 'Content security policy',
  'redirect-loop': 'Redirect loops',
  'cookie-path': 'Cookie paths',
  'cookie-domain': 'Cookie domains',
  'cookie-secure': 'Secure cookies on plain http',
  'script-error': 'Errors of scripts',
};

/** Findings without repetition, in the order they were met. */
export class FindingList {
  readonly #byKey = new Map<string, Finding>();

  get all(): Finding[] {
    return [...this.#byKey.values()];
  }

  /** Adds one, or counts it where the same kind, subject and remedy is there already. */
  add(finding: Omit<Finding, 'count'>): void {
    const key = JSON.stringify([finding.kind, finding.subject, finding.remedy.key]);
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, { ...finding, count: 1 });
    else known.count++;
  }
}
