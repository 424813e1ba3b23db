// Percent-encoding of paths, as all three servers do it between what clients send and what conditions see.

/** Percent-decoded as far as it is valid; otherwise as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A decoded path as it stands in a request (RFC 3986 §3.3). Half characters, which no file has, become U+FFFD. */
export function encodePath(path: string): string {
  return path.replace(/\p{Cs}/gu, '\ufffd').replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]+/g, encodeURIComponent);
}

/** Like {@link encodePath}, but leaves what is encoded already. */
export function encodeRest(path: string): string {
  return path.replace(/\p{Cs}/gu, '\ufffd').replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+/g, encodeURIComponent);
}
