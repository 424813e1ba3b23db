// The maps of one mount: its backend is fixed, its public origin is what each request names.
import { parseAuthority } from '../http/target.ts';
import { RecentMap } from '../util/recent-map.ts';
import { type BaseUrl, baseUrl, parseBasePath } from './base-url.ts';
import { type CrossLink, UrlMap, type UrlMapOptions } from './url-map.ts';

/** What is known about a mount before a request comes. */
export interface MountMapOptions extends Omit<UrlMapOptions, 'public' | 'backend' | 'crossLinks'> {
  /** The public path, such as `/app/`. */
  readonly path: string;
  /** Every endpoint of the upstream; the first is the one that public URLs are mapped back to. At least one. */
  readonly backends: readonly BaseUrl[];
  /** Mounts of the same site that this one may link to. */
  readonly neighbours?: readonly { readonly path: string; readonly backends: readonly BaseUrl[] }[];
}

/** How many public origins of one mount are remembered: more than any mount has, few enough for forged Host headers. */
const REMEMBERED_ORIGINS = 64;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Makes the {@link UrlMap} for the scheme and authority under which a request came in, and remembers the latest ones.
 * Loopback backends are known under all three loopback names.
 */
export class MountMap {
  readonly path: string;
  /** Every spelling of every backend, the one that requests go to first: what must not be left in any output. */
  readonly backends: readonly BaseUrl[];
  readonly #options: MountMapOptions;
  readonly #backend: BaseUrl;
  readonly #also: readonly BaseUrl[];
  readonly #maps = new RecentMap<UrlMap>(REMEMBERED_ORIGINS);

  /** Throws a SyntaxError for a path that cannot be a base, a RangeError without backends. */
  constructor(options: MountMapOptions) {
    const [backend] = options.backends;
    if (backend === undefined) throw new RangeError('Cannot map a mount without a backend');
    this.path = parseBasePath(options.path);
    this.#options = options;
    this.#backend = backend;
    this.backends = allSpellings([...options.backends, ...(options.also ?? [])]);
    this.#also = this.backends.slice(1);
  }

  /**
   * The map for a public scheme and authority (`host[:port]`, as in a Host header that was checked). `outerPrefix` is
   * what a proxy in front cut off the path, without a final slash. Throws a SyntaxError for an authority that is none.
   */
  forPublic(scheme: 'http' | 'https', authority: string, outerPrefix = ''): UrlMap {
    const key = `${scheme}://${authority}${outerPrefix}`;
    return this.#maps.getOrMake(key, () => this.makeFor(scheme, authority, outerPrefix));
  }

  /** {@link forPublic} without the memory, for callers that have their own. */
  makeFor(scheme: 'http' | 'https', authorityText: string, outerPrefix: string): UrlMap {
    const authority = parseAuthority(authorityText);
    if (authority === undefined) throw new SyntaxError(`Cannot map to "${authorityText}": not a host with a port`);
    const at = (path: string) => baseUrl(scheme, authority.host, authority.port, outerPrefix + path);
    const { prefix = 'auto', except = [], nested = true, sendsPublicHost = false } = this.#options;
    return new UrlMap({
      public: at(this.path),
      backend: this.#backend,
      also: this.#also,
      crossLinks: this.#crossLinks(at),
      prefix,
      except: outerPrefix === '' ? except : except.map((path) => outerPrefix + path),
      nested,
      sendsPublicHost: sendsPublicHost && this.#writesOtherUrls(scheme, outerPrefix),
    });
  }

  #crossLinks(at: (path: string) => BaseUrl): CrossLink[] {
    const { neighbours = [] } = this.#options;
    return neighbours.flatMap(({ path, backends }) =>
      allSpellings(backends).map((backend) => ({ backend, public: at(path) })),
    );
  }

  /** Whether what an application writes with the public authority can differ from what clients are to see. */
  #writesOtherUrls(scheme: string, outerPrefix: string): boolean {
    return scheme !== this.#backend.scheme || outerPrefix + this.path !== this.#backend.path;
  }
}

/** Every base with its loopback namesakes behind it, each once. */
function allSpellings(bases: readonly BaseUrl[]): BaseUrl[] {
  const spellings = new Map<string, BaseUrl>();
  for (const base of bases) {
    const hosts = LOOPBACK_HOSTS.includes(base.host) ? [base.host, ...LOOPBACK_HOSTS] : [base.host];
    for (const host of hosts) {
      const key = `${host} ${base.port} ${base.path}`;
      if (!spellings.has(key)) spellings.set(key, { ...base, host });
    }
  }
  return [...spellings.values()];
}
