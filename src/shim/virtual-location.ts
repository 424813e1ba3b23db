// The virtual-location window: routers see the URL that the backend knows while they look, the address bar stays true.
import type { AnyFunction, DocumentLike, ElementLike, Realm } from './browser.ts';
import type { ShimConfig } from './config.ts';
import type { MapUrl } from './mapper.ts';
import { movePath } from './path.ts';
import { replaceMember } from './wrap.ts';

/** How the document's own scripts say that it wants the window, or that it must not have it. */
export type WindowMode = 'on' | 'off';

/**
 * Prepares the window of one page, before anything is hooked, and answers what opens it for the start of the application,
 * or forbids it for good. It opens before the application starts and closes one task after the page has loaded; from then
 * on it opens for the rest of a task when the application changes its URL or the user goes back and forth. While it is open
 * a base element keeps relative URLs where they are.
 */
export function createVirtualLocation(
  realm: Realm,
  document: DocumentLike,
  map: MapUrl,
  { path, base }: ShimConfig,
): (mode: WindowMode) => void {
  const { location, history } = realm;
  const { prototype } = realm['History'] as { prototype: { replaceState: AnyFunction } };
  const { replaceState } = prototype;
  let mode: WindowMode | undefined;
  let isOpen = false;
  let isStarting = true;
  let element: ElementLike | undefined;

  /** Documents of an opaque origin may not do this, and browsers stop those that do it too often. */
  const show = (url: string): boolean => {
    try {
      replaceState.call(history, history.state, '', url);
      return true;
    } catch {
      return false;
    }
  };

  const open = () => {
    const shown = movePath(location.pathname, { base: path, path: base, prefix: 'add', except: [] });
    // Open already, or no page of this mount.
    if (mode !== 'on' || !shown) return;
    if (!document.querySelector('base[href]')) {
      element = document.createElement('base');
      document.head?.prepend?.(element);
    }
    if (element) element.href = location.href;
    isOpen = show(location.origin + shown + location.search + location.hash);
    if (!isOpen) element?.remove();
  };

  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    show(map(location.href));
    element?.remove();
  };

  const openForTask = () => {
    open();
    if (!isStarting) realm.setTimeout(close);
  };

  const follow = () => {
    realm.addEventListener('load', () =>
      realm.setTimeout(() => {
        isStarting = false;
        close();
      }),
    );
    // In front of the application's own listeners, because this one was there first.
    realm.addEventListener('popstate', openForTask, true);
    for (const name of ['pushState', 'replaceState']) replaceMember(prototype, name, 'value', () => {}, openForTask);
    // Cookies belong to paths: those of the mount are there only while the URL is true.
    const owner = (realm['Document'] as { prototype: object }).prototype;
    let wasOpen = false;
    const before = () => {
      wasOpen = isOpen;
      close();
    };
    const after = () => {
      if (wasOpen) open();
    };
    for (const member of ['get', 'set'] as const) replaceMember(owner, 'cookie', member, before, after);
  };

  return (wanted) => {
    const isFirst = !mode;
    mode = wanted;
    if (wanted === 'off') close();
    else if (isFirst) {
      open();
      follow();
    }
  };
}
