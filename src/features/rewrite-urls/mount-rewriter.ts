// The rewriter of one mount: finds the view for the public address that a request came to, and remembers it.
import type { Exchange } from '../../exchange/exchange.ts';
import { printOrigin } from '../../rewrite/base-url.ts';
import type { CreateMountRewriter, MountRewriter } from '../../rewrite/mount-rewriter.ts';
import { RecentMap } from '../../util/recent-map.ts';
import { IntegrityUrls } from './integrity-urls.ts';
import { LiveMount } from './live-mount.ts';
import { DEFAULT_REWRITE, type RewriteOptions } from './options.ts';
import { LivePublicView } from './public-view.ts';
import { RewriteRecord } from './rewrite-record.ts';

/** Makes the rewriter of a proxied mount, with the options that stand under `rewrite` beside it. */
export const createMountRewriter: CreateMountRewriter = (facts, context) => {
  const options = (context.mountOptions['rewrite'] ?? DEFAULT_REWRITE) as RewriteOptions;
  const { site, path } = context.mount;
  const key = JSON.stringify([site, path, facts.endpoints, facts.backendPath]);
  const memory = {
    integrityUrls: context.share(`integrity ${key}`, () => new IntegrityUrls()),
    record: context.share(`rewriting ${key}`, () => new RewriteRecord()),
  };
  return new LiveMountRewriter(new LiveMount(facts, options, memory, context.log));
};

/** More than most mounts have. What forged Host headers drive out is cheap to make again. */
const REMEMBERED_ADDRESSES = 16;

class LiveMountRewriter implements MountRewriter {
  readonly #mount: LiveMount;
  readonly #views = new RecentMap<LivePublicView>(REMEMBERED_ADDRESSES);
  // One slot: nearly every request of a mount names the same address.
  #lastScheme = '';
  #lastAuthority = '';
  #lastPrefix = '';
  #lastView: LivePublicView | undefined;

  constructor(mount: LiveMount) {
    this.#mount = mount;
  }

  viewFor(exchange: Exchange): LivePublicView {
    const { scheme, authority, prefix } = exchange.client;
    const text = authority?.text ?? localAuthority(exchange);
    if (
      this.#lastView !== undefined &&
      text === this.#lastAuthority &&
      scheme === this.#lastScheme &&
      prefix === this.#lastPrefix
    )
      return this.#lastView;
    const key = `${scheme}://${text}${prefix}`;
    // A piece of a text keeps all of it in memory: of the key, not of the head that was received.
    const ownText = key.slice(scheme.length + 3, key.length - prefix.length);
    const view = this.#views.getOrMake(key, () => this.#makeView(scheme, ownText, prefix));
    this.#lastScheme = scheme;
    this.#lastAuthority = ownText;
    this.#lastPrefix = prefix;
    this.#lastView = view;
    return view;
  }

  explain(): string[] {
    const { mode, facts, keepsPath } = this.#mount;
    if (mode === 'off') return ['rewrites no URLs'];
    const where = mode === 'headers' ? 'in headers' : 'in headers and bodies';
    const backends = facts.endpoints.map((endpoint) => printOrigin({ ...endpoint, path: '/' })).join(', ');
    const paths = keepsPath ? '' : `, and puts ${facts.path} before root-relative ones`;
    return [`rewrites URLs of ${backends} ${where}${paths}`];
  }

  #makeView(scheme: 'http' | 'https', authority: string, prefix: string): LivePublicView {
    const maps = this.#mount.maps.map((map) => map.makeFor(scheme, authority, prefix));
    return new LivePublicView(this.#mount, maps, prefix);
  }
}

/** A request without Host came to this very address. */
function localAuthority({ connection }: Exchange): string {
  const { localAddress, localPort } = connection;
  if (localAddress === '') return 'localhost';
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
