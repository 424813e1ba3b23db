// Local names: hosts that never leave this machine, whoever asks, so that no public authority can vouch for them.

/** RFC 6761 §6.2, §6.3: reserved, with everything below them. */
const LOCAL_DOMAINS = ['localhost', 'test'];

/**
 * Whether `host` is `localhost`, a name below it or below `test`, a wildcard of such names, or an address of loopback
 * (IPv6 in brackets). Lower-case, without a trailing dot.
 */
export function isLocalName(host: string): boolean {
  const name = host.replace(/^\*\./, '');
  if (/^127(?:\.\d{1,3}){3}$/.test(name) || name === '[::1]') return true;
  if (name === 'test') return host !== name;
  return LOCAL_DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}
