// Authorities as the shim knows them: by a digest, because the names of the backend are not for clients to read.

/** A base URL without its path. */
interface Server {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** FNV-1a, 32 bits: enough to tell a handful of names from every other one that a page meets. */
export function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x1000193);
  return hash >>> 0;
}

function usualPort(isSecure: boolean): number {
  return isSecure ? 443 : 80;
}

/** What a server is found by: its host with its port, and alone where the port is that of its scheme. */
export function keysOfServer({ scheme, host, port }: Server): number[] {
  const keys = [digest(`${host}:${port}`)];
  return port === usualPort(scheme === 'https') ? [...keys, digest(host)] : keys;
}

/**
 * What may find the server that a URL names. The scheme itself does not count, default ports compare as in
 * `isSamePort`; `scheme` is empty for `//host`, `port` undefined where none is written.
 */
export function keysOfUrl(scheme: string, host: string, port: number | undefined): number[] {
  const own = usualPort(/s$/.test(scheme));
  const isUsual = port === undefined || (scheme !== '' && port === own);
  const keys = port === undefined ? [] : [digest(`${host}:${port}`)];
  return isUsual ? [...keys, digest(host), ...(scheme === '' ? [] : [digest(`${host}:${own}`)])] : keys;
}
