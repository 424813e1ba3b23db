// Authorities as the shim knows them: by a digest, because the names of the backend are not for clients to read.

/** FNV-1a, 32 bits: enough to tell a handful of names from every other one that a page meets. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x1000193);
  return hash >>> 0;
}

/** What a server is found by: its host with its port, and alone where the port is that of its scheme. */
export function keysOfServer(scheme: string, host: string, port: number): number[] {
  const keys = [digest(`${host}:${port}`)];
  return port === (scheme === 'https' ? 443 : 80) ? [...keys, digest(host)] : keys;
}

/**
 * What may find the server that a URL names. The scheme itself does not count, default ports compare as in `isSamePort`.
 * `scheme` is empty for `//host`; `port` is empty for the usual one, as in `URL`.
 */
export function keysOfUrl(scheme: string, host: string, port: string): number[] {
  if (port) return [digest(`${host}:${port}`)];
  return [host, ...(scheme && [`${host}:${scheme.endsWith('s') ? 443 : 80}`])].map(digest);
}
