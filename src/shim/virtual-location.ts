// The virtual-location window: routers see the URL that the backend knows while they look, the address bar stays true.
import { translatePath } from '../rewrite/path-map.ts';
import type { AnyFunction, ElementLike, Holder, Realm } from './browser.ts';
import type { ShimConfig } from './config.ts';
import type { MapUrl } from './mapper.ts';

/** How the document's own scripts say that it wants the window, or that it must not have it. */
export type WindowMode = 'on' | 'off';

/**
 * The window of one page. It opens before the application starts and closes one task after the page has loaded; from then
 * on it opens for the rest of a task when the application changes its URL or the user goes back and forth.
 * While it is open a base element keeps relative URLs where they are.
 */
export class VirtualLocation {
  readonly #realm: Realm;
  readonly #map: MapUrl;
  readonly #config: ShimConfig;
  /** The browser's own: it must be taken before anything is hooked. */
  readonly #replaceState: AnyFunction;
  #mode: WindowMode | undefined;
  #isOpen = false;
  #isStarting = true;
  #base: ElementLike | undefined;

  constructor(realm: Realm, map: MapUrl, config: ShimConfig) {
    this.#realm = realm;
    this.#map = map;
    this.#config = config;
    const { prototype } = realm['History'] as { prototype: Record<string, AnyFunction> };
    this.#replaceState = prototype['replaceState'] as AnyFunction;
  }

  /** Opens the window for the start of the application, or forbids it for good. */
  set(mode: WindowMode): void {
    const isFirst = this.#mode === undefined;
    this.#mode = mode;
    if (mode === 'off') this.#close();
    if (!isFirst || mode === 'off') return;
    this.#open();
    this.#realm.addEventListener('load', () =>
      this.#realm.setTimeout(() => {
        this.#isStarting = false;
        this.#close();
      }),
    );
    // In front of the application's own listeners, because this one was there first.
    this.#realm.addEventListener('popstate', () => this.#openForTask(), true);
    this.#followHistory();
    this.#showCookies();
  }

  #followHistory(): void {
    const { prototype } = this.#realm['History'] as { prototype: Record<string, AnyFunction> };
    for (const name of ['pushState', 'replaceState']) {
      const original = prototype[name] as AnyFunction;
      prototype[name] = new Proxy(original, {
        apply: (target, self, args) => {
          const result = Reflect.apply(target, self, args);
          this.#openForTask();
          return result;
        },
      });
    }
  }

  /** Cookies belong to paths: those of the mount are there only while the URL is true. */
  #showCookies(): void {
    const { prototype } = this.#realm['Document'] as { prototype: Holder };
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'cookie');
    if (descriptor?.get === undefined || descriptor.set === undefined) return;
    const apply = (target: AnyFunction, self: unknown, args: unknown[]) => {
      const wasOpen = this.#isOpen;
      this.#close();
      try {
        return Reflect.apply(target, self, args);
      } finally {
        if (wasOpen) this.#open();
      }
    };
    const get = new Proxy(descriptor.get as AnyFunction, { apply }) as () => unknown;
    const set = new Proxy(descriptor.set as AnyFunction, { apply }) as (value: unknown) => void;
    Object.defineProperty(prototype, 'cookie', { ...descriptor, get, set });
  }

  #openForTask(): void {
    this.#open();
    if (!this.#isStarting) this.#realm.setTimeout(() => this.#close());
  }

  #open(): void {
    const { location, document } = this.#realm;
    if (this.#mode !== 'on' || document === undefined) return;
    const { path, base } = this.#config;
    const answer = translatePath(location.pathname, { from: path, to: base, prefix: 'add', except: [] });
    // Open already, or no page of this mount.
    if (typeof answer === 'string') return;
    const shown = `${answer.text}${location.pathname.slice(answer.end)}`.replace(/^\/?/, '/');
    if (!document.querySelector('base[href]')) {
      this.#base = document.createElement('base');
      document.head?.prepend?.(this.#base);
    }
    if (this.#base !== undefined) this.#base.href = location.href;
    this.#isOpen = this.#show(location.origin + shown + location.search + location.hash);
    if (!this.#isOpen) this.#removeBase();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#show(this.#map(this.#realm.location.href));
    this.#removeBase();
  }

  #removeBase(): void {
    this.#base?.remove();
    this.#base = undefined;
  }

  /** Documents of an opaque origin may not do this, and browsers stop those that do it too often. */
  #show(url: string): boolean {
    const { history } = this.#realm;
    try {
      Reflect.apply(this.#replaceState, history, [history.state, '', url]);
      return true;
    } catch {
      return false;
    }
  }
}
