// The shim of one public view: its configuration is that of the mount's map, said in what is no secret.
import type { UrlMap } from '../../rewrite/url-map.ts';
import { keysOfServer } from '../../shim/authority-keys.ts';
import { ImportMap } from './import-map.ts';
import type { LiveMount } from './live-mount.ts';
import type { ShimParts } from './shim-page.ts';
import { ShimScript } from './shim-script.ts';

/**
 * The script for all public addresses of a mount: none of them stands in it. `outerPrefix` is what a proxy in front cut
 * off the path.
 */
export function shimScriptFor(mount: LiveMount, map: UrlMap, outerPrefix: string): ShimScript {
  return mount.shimScripts.getOrMake(outerPrefix, () => makeScript(mount, map, outerPrefix));
}

/** What the pages of one public address get. */
export function makeShimParts(mount: LiveMount, map: UrlMap, outerPrefix: string): ShimParts {
  const { prefix, spa, except } = mount.options;
  const outerExcept = except.map((path) => outerPrefix + path);
  return {
    script: shimScriptFor(mount, map, outerPrefix),
    importMap: ImportMap.of(map, prefix, outerExcept),
    // Without a prefix to hide there is nothing to show.
    spa: map.addsPrefix ? spa : 'off',
  };
}

function makeScript(mount: LiveMount, map: UrlMap, outerPrefix: string): ShimScript {
  const { prefix } = mount.options;
  const except = mount.options.except.map((path) => outerPrefix + path);
  const backends = (mount.maps[0]?.backends ?? []).flatMap(({ scheme, host, port, path }) =>
    keysOfServer(scheme, host, port).map((key) => [key, path] as const),
  );
  return new ShimScript({ path: map.public.path, base: map.backend.path, prefix, except, backends });
}
