// IP addresses and networks (RFC 4291, RFC 4632): parse, print, contains. An IPv4 address inside IPv6 is the IPv4 address.

/** The octets of an IP address: 4 for IPv4, 16 for IPv6. Never an IPv4-mapped IPv6 address: that is 4 octets here. */
export type IpOctets = Readonly<Uint8Array>;

/** A network: every address that shares the first `prefixBits` bits of `base`. */
export interface Cidr {
  readonly base: IpOctets;
  readonly prefixBits: number;
}

/** Networks that have a name, for lists written by people: `loopback`, `private` (RFC 1918, RFC 4193), `link-local`. */
export const NAMED_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
};

/**
 * A list of networks to ask about addresses. Made from addresses, networks and the names of {@link NAMED_NETWORKS}.
 * Throws the SyntaxError of {@link parseCidr} for anything else.
 */
export class CidrList {
  readonly #networks: readonly Cidr[];
  // One slot: the requests of one connection ask about the same address.
  #lastAddress = '';
  #lastAnswer = false;

  constructor(texts: readonly string[]) {
    this.#networks = texts.flatMap((text) => NAMED_NETWORKS[text] ?? [text]).map(parseCidr);
  }

  /** Whether `address` lies in one of the networks. False for what is no address, the empty text included. */
  contains(address: string): boolean {
    if (this.#networks.length === 0) return false;
    if (address !== this.#lastAddress) {
      const ip = parseIp(address);
      this.#lastAnswer = ip !== undefined && this.#networks.some((network) => containsIp(network, ip));
      this.#lastAddress = address;
    }
    return this.#lastAnswer;
  }
}

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32` or a single address. `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
 * Throws a SyntaxError that says what to write instead, also where bits are set behind the prefix: `10.0.0.1/8` is a typing error.
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const base = parseIp(addressText);
  if (base === undefined || addressText.includes('%'))
    throw new SyntaxError(
      `Cannot parse network "${text}": write an IP address, or one with /prefix such as 10.0.0.0/8`,
    );
  const prefixBits = slash < 0 ? base.length * 8 : parsePrefix(text, text.slice(slash + 1), addressText, base);
  const masked = maskIp(base, prefixBits);
  if (!masked.every((octet, index) => octet === base[index]))
    throw new SyntaxError(`Cannot parse network "${text}": write ${printIp(masked)}/${prefixBits}`);
  return { base, prefixBits };
}

/** Whether `ip` lies in `network`. Families never mix: `::/0` holds no IPv4 address. */
export function containsIp(network: Cidr, ip: IpOctets): boolean {
  const { base, prefixBits } = network;
  if (ip.length !== base.length) return false;
  const wholeOctets = prefixBits >> 3;
  for (let index = 0; index < wholeOctets; index++) if (ip[index] !== base[index]) return false;
  const restBits = prefixBits & 7;
  if (restBits === 0) return true;
  return ((ip[wholeOctets] ?? 0) ^ (base[wholeOctets] ?? 0)) >> (8 - restBits) === 0;
}

/**
 * The octets of an address in its usual text form, without brackets; undefined for anything else.
 * IPv4: four decimal numbers without leading zeros (RFC 6943 §3.1.1: other spellings mean different things to different
 * readers). IPv6: RFC 4291 §2.2, with an optional `%zone` (RFC 4007 §11), which is not part of the result.
 */
export function parseIp(text: string): IpOctets | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const percent = text.indexOf('%');
  const octets = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  return octets !== undefined && isMapped(octets) ? octets.subarray(12) : octets;
}

/** Prints octets as RFC 5952 wants: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
export function printIp(octets: IpOctets): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => groupAt(octets, index).toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** Where the prefix of a mapped address counts from the start of the IPv6 address, it loses the 96 bits in front. */
function parsePrefix(text: string, prefixText: string, addressText: string, base: IpOctets): number {
  const lead = base.length === 4 && addressText.includes(':') ? 96 : 0;
  const prefix = /^(?:0|[1-9][0-9]{0,2})$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (prefix >= lead && prefix <= lead + base.length * 8) return prefix - lead;
  throw new SyntaxError(
    `Cannot parse network "${text}": the prefix is a number from ${lead} to ${lead + base.length * 8}`,
  );
}

function maskIp(octets: IpOctets, prefixBits: number): Uint8Array {
  return Uint8Array.from(octets, (octet, index) => {
    const bits = Math.min(8, Math.max(0, prefixBits - index * 8));
    return octet & (0xff << (8 - bits));
  });
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function parseIpv4(text: string): Uint8Array | undefined {
  const match = IPV4.exec(text);
  if (match === null) return undefined;
  const octets = new Uint8Array(4);
  for (let index = 0; index < 4; index++) {
    const part = match[index + 1] ?? '';
    const value = Number(part);
    if (value > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    octets[index] = value;
  }
  return octets;
}

const MAX_IPV6_LENGTH = 45;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > MAX_IPV6_LENGTH) return undefined;
  const gap = text.indexOf('::');
  if (gap < 0) return fillGroups(text, '', false);
  if (text.includes('::', gap + 1)) return undefined;
  return fillGroups(text.slice(0, gap), text.slice(gap + 2), true);
}

/** `head` goes to the front and `tail` to the end of the sixteen octets; the gap between them is at least one group. */
function fillGroups(headText: string, tailText: string, hasGap: boolean): Uint8Array | undefined {
  const head = parseGroups(headText, !hasGap);
  const tail = parseGroups(tailText, true);
  if (head === undefined || tail === undefined) return undefined;
  const length = head.length + tail.length;
  if (hasGap ? length > 14 : length !== 16) return undefined;
  const octets = new Uint8Array(16);
  octets.set(head);
  octets.set(tail, 16 - tail.length);
  return octets;
}

/** RFC 4291 §2.2 form 3: an IPv4 address may stand for the last two groups, and only there. */
function parseGroups(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const isIpv4 = isLast && index === groups.length - 1 && group.includes('.');
    const ipv4 = isIpv4 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) octets.push(...ipv4);
    else if (GROUP.test(group)) octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return octets;
}

/** RFC 4291 §2.5.5.2: ::ffff:0:0/96, how a dual-stack socket shows an IPv4 peer. */
function isMapped(octets: IpOctets): boolean {
  for (let index = 0; index < 10; index++) if (octets[index] !== 0) return false;
  return octets[10] === 0xff && octets[11] === 0xff;
}

function groupAt(octets: IpOctets, group: number): number {
  return ((octets[group * 2] ?? 0) << 8) | (octets[group * 2 + 1] ?? 0);
}

/** RFC 5952 §4.2.3: of several runs of equal length the first. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === '0') continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
