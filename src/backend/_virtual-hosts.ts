// Name-based hosts: which of several applications serves a public host name.
import { type PublicAddress, parsePublicHost } from '../vhost-path/public-address.ts';

/**
 * Applications by host name. Keys are names (`www.a.example`), wildcards for one or more labels in front (`*.a.example`),
 * or `*` for any other name. The port of a request does not matter.
 */
export type VirtualHosts<App> = Readonly<Record<string, App>>;

/** Finds the application for an address: the exact name, else the longest wildcard, else `*`, else undefined. */
export type PickVirtualHost<App> = (address: PublicAddress) => App | undefined;

/** Compiles a table of hosts. Throws a RangeError for a key that is no name, or the same as another one. */
export function compileVirtualHosts<App>(hosts: VirtualHosts<App>): PickVirtualHost<App> {
  const exact = new Map<string, App>();
  const wildcards = new Map<string, App>();
  for (const [key, app] of Object.entries(hosts)) {
    if (key === '*') continue;
    const isWildcard = key.startsWith('*.');
    const host = parsePublicHost(isWildcard ? key.slice(2) : key);
    const table = isWildcard ? wildcards : exact;
    if (host === undefined) throw new RangeError(`Cannot use "${key}" as virtual host: it is no host name`);
    if (table.has(host)) throw new RangeError(`Cannot use "${key}" as virtual host: it is there twice`);
    table.set(host, app);
  }
  const fallback = hosts['*'];
  return function pick({ host }) {
    const found = exact.get(host);
    if (found !== undefined) return found;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const app = wildcards.get(host.slice(dot + 1));
      if (app !== undefined) return app;
    }
    return fallback;
  };
}
