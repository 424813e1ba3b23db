// The shim: maps the URLs that an application makes while it runs. Starts in a page or in a worker, once.
import type { DocumentLike, Realm } from './browser.ts';
import type { ShimConfig } from './config.ts';
import { installHooks } from './hooks.ts';
import { createMapper } from './mapper.ts';
import { createFix, watchClicks, watchNavigation } from './navigation.ts';
import { createTextMaps } from './texts.ts';
import { createVirtualLocation, type WindowMode } from './virtual-location.ts';

/**
 * Where a realm keeps what opens the window of its page: the shim's tag stands a second time where that is to happen, and
 * is run a second time.
 */
const STARTED = Symbol.for('portico');

/** Runs the shim with the configuration of its mount. */
export function start(config: ShimConfig): void {
  const realm = globalThis as unknown as Realm & { [STARTED]?: SetWindow };
  const { document } = realm;
  const mode = document && takeTag(document);
  realm[STARTED] ??= startHooks(realm, config);
  if (mode) realm[STARTED](mode);
}

/** The tag goes once it is read: applications that compare the document with their own idea of it must not find it. */
function takeTag({ currentScript }: DocumentLike): WindowMode | undefined {
  currentScript?.remove();
  return currentScript?.dataset?.['spa'] as WindowMode | undefined;
}

type SetWindow = (mode: WindowMode) => void;

function startHooks(realm: Realm, config: ShimConfig): SetWindow {
  const map = createMapper(config, realm.location.origin);
  const fix = createFix(realm, map);
  const { document } = realm;
  const setWindow = document && createVirtualLocation(realm, document, map, config);
  installHooks(realm, { maps: createTextMaps(map, config), fixForm: (form) => fix(form, 'action') });
  if (setWindow) {
    watchClicks(realm, fix);
    watchNavigation(realm, map);
  }
  return setWindow ?? (() => {});
}
