// What stands before the serving part of a mount, as facts: how the three servers say it and how we say it meet here.

/** Edits of a head. Names as written; `set` replaces, `add` appends a line, `remove` takes all lines of the name away. */
export interface HeaderEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/** Who may ask, by address; checked in the order of the list, the last word is `otherwise`. */
export interface AddressRule {
  readonly verdict: 'allow' | 'deny';
  /** CIDR or a single address; `all` for every one. */
  readonly network: string;
}

/** Passwords before a mount. */
export interface PasswordGate {
  readonly realm: string;
  /** Absolute path of a file in htpasswd form. */
  readonly file: string;
  /** Only these users of the file; undefined for all of them. */
  readonly users: readonly string[] | undefined;
}

/** How long things may take, in milliseconds. */
export interface UpstreamTimeouts {
  readonly connectMs?: number;
  /** Silence of the upstream, before and within its response. */
  readonly readMs?: number;
  /** An upstream that takes nothing. */
  readonly writeMs?: number;
}

/** How one of several endpoints is picked. */
export type BalanceRule = 'round-robin' | 'least-busy' | 'random' | 'by-client-address' | 'by-path' | 'by-cookie';

/** Everything a mount does besides serving. Left out where the original says nothing. */
export interface Traits {
  readonly requestHeaders?: HeaderEdits;
  readonly responseHeaders?: HeaderEdits;
  /** How long clients may keep a response without asking again; negative for never. */
  readonly freshSeconds?: number;
  /** The same for files with an ending such as `.css`. */
  readonly freshByEnding?: Readonly<Record<string, number>>;
  readonly password?: PasswordGate;
  /** Guarded in a way that cannot be said, which has been reported: nobody may ask. */
  readonly isClosed?: boolean;
  readonly addresses?: readonly AddressRule[];
  readonly timeouts?: UpstreamTimeouts;
  /** Origins such as `http://backend.internal:8080`, and bare names for cookies, that the original takes for the backend's. */
  readonly backendNames?: readonly string[];
  readonly balance?: BalanceRule;
  /** `false` where the original says so; the list are media types. */
  readonly compress?: false | { readonly types: readonly string[] };
  readonly maxBodyBytes?: number;
  /** By status: a file of the disk. */
  readonly errorPages?: Readonly<Record<string, string>>;
  /** Media types by extension without dot. */
  readonly types?: Readonly<Record<string, string>>;
  /** Whether files whose names start with a dot are served. */
  readonly hidden?: boolean;
  /** Endings of files that are not served as they are, such as `.php` or `~`. */
  readonly excluded?: readonly string[];
  /** Whether compressed siblings of files are looked for. */
  readonly precompressed?: boolean;
  /** Whether endpoints whose address cannot say so are spoken to in HTTP/2. */
  readonly insistsOnHttp2?: boolean;
  /** Whether the certificate of an https endpoint is checked, and against which file of authorities. */
  readonly upstreamTls?: { readonly verify: boolean; readonly authorities?: string; readonly name?: string };
}

/** The origins in `urls`, wherever in a text they stand, and the cookie `domains`; each once, as a trait. */
export function backendNames(urls: readonly string[], domains: readonly string[] = []): Pick<Traits, 'backendNames'> {
  // A pattern is no URL.
  const plain = urls.filter((text) => !text.startsWith('~'));
  const origins = plain.flatMap(
    (text) => /https?:\/\/[A-Za-z0-9[][A-Za-z0-9.:[\]-]*/i.exec(text)?.[0].toLowerCase() ?? [],
  );
  const hosts = domains
    .map((domain) => domain.replace(/^\./, '').toLowerCase())
    .filter((host) => /^[\w-]+(?:\.[\w-]+)+$/.test(host));
  const names = new Set([...origins, ...hosts]);
  return names.size === 0 ? {} : { backendNames: [...names] };
}

/** `later` wins, key by key. */
export function mergeTraits(earlier: Traits, later: Traits): Traits {
  return { ...earlier, ...later };
}
