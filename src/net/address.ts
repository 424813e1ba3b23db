// Addresses as text: what an operator writes and a log shows.

/** Where to connect to: a host and port, or a unix socket. */
export type EndpointAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Prints an address the way it is written in configurations: `host:port`, `[v6]:port`, `unix:/path`. */
export function printAddress(address: EndpointAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** The IPv4 address inside an IPv4-mapped IPv6 one; anything else as it is. */
export function unmapAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
