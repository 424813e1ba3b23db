// The shim of one public view: its configuration is that of the mount's map, said in what is no secret.
import type { UrlMap } from '../../rewrite/url-map.ts';
import { keysOfServer } from '../../shim/authority-keys.ts';
import { ImportMap } from './import-map.ts';
import type { LiveMount } from './live-mount.ts';
import type { ShimParts } from './shim-page.ts';
import { ShimScript } from './shim-script.ts';

/** `outerPrefix` is what a proxy in front cut off the path. */
export function makeShimParts(mount: LiveMount, map: UrlMap, outerPrefix: string): ShimParts {
  const { prefix, spa } = mount.options;
  const except = mount.options.except.map((path) => outerPrefix + path);
  const backends = (mount.maps[0]?.backends ?? []).flatMap(({ scheme, host, port, path }) =>
    keysOfServer(scheme, host, port).map((key) => [key, path] as const),
  );
  const script = new ShimScript({ path: map.public.path, base: map.backend.path, prefix, except, backends });
  // Without a prefix to hide there is nothing to show.
  return { script, importMap: ImportMap.of(map, prefix, except), spa: map.addsPrefix ? spa : 'off' };
}
