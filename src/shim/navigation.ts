// Where a page goes: `location` through the Navigation API, links and forms in the moment of the click.
import type { ElementLike, EventLike, Realm } from './browser.ts';
import type { MapUrl } from './mapper.ts';

/** Attribute of elements that the rewriter leaves alone. */
const OPT_OUT = '[data-no-rewrite]';

/** Maps what an element's attribute says, resolved as the browser would, so that `../..` cannot lead out of the mount. */
export function createFix(realm: Realm, map: MapUrl): (element: ElementLike, name: string) => void {
  return (element, name) => {
    const value = element.getAttribute?.(name);
    if (value == null || element.closest?.(OPT_OUT)) return;
    try {
      const { href } = new URL(value, realm.document?.baseURI);
      const mapped = map(href);
      if (mapped !== href) element.setAttribute(name, mapped);
    } catch {
      // No URL: nothing will be loaded from it.
    }
  };
}

/** The last chance before a click or a submission leads away: elements may have got their URLs in ways that nothing hooks. */
export function watchClicks(realm: Realm, fix: (element: ElementLike, name: string) => void): void {
  const onClick = (event: EventLike) => {
    const link = (event.composedPath() as ElementLike[]).find(({ localName }) => /^a(rea)?$/.test(localName));
    if (link) fix(link, 'href');
  };
  for (const name of ['click', 'auxclick']) realm.addEventListener(name, onClick, true);
  realm.addEventListener(
    'submit',
    ({ target, submitter }) => {
      fix(target as ElementLike, 'action');
      if (submitter) fix(submitter, 'formaction');
    },
    true,
  );
}

/**
 * Nothing can stand in the place of `location`, but the Navigation API tells of everything that is done with it before a
 * request leaves. A form's body would be lost, a download its name: those are left to `watchClicks` and the server.
 */
export function watchNavigation(realm: Realm, map: MapUrl): void {
  const { navigation, location } = realm;
  navigation?.addEventListener('navigate', (event) => {
    const { destination, navigationType, sourceElement } = event;
    const isOurs = event.cancelable && !event.formData && event.downloadRequest == null && !destination.sameDocument;
    if (!isOurs || /^(?:reload|traverse)$/.test(navigationType) || sourceElement?.closest?.(OPT_OUT)) return;
    const mapped = map(destination.url);
    if (mapped === destination.url) return;
    event.preventDefault();
    realm.setTimeout(() => location[navigationType === 'push' ? 'assign' : 'replace'](mapped));
  });
}
