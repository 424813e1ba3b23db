// The public address of a request: scheme, host, port and path prefix as the browser sees them; strict hosts and ports.
import { defaultPort } from '../http/target.ts';
import { parseIp, printIp } from '../util/cidr.ts';

/** Where a site is for its users, which is what the application behind it cannot know by itself. */
export interface PublicAddress {
  readonly scheme: 'http' | 'https';
  /** Lower-case name, IPv4 address, or IPv6 address in brackets. */
  readonly host: string;
  /** Always a number, also where a URL would leave it out. */
  readonly port: number;
  /** The path below which the application is mounted: empty, or `/app` without a slash at the end. */
  readonly prefix: string;
}

/** Host and port of a public address, before a scheme says what a missing port means. */
export interface PublicAuthority {
  readonly host: string;
  readonly port: number | undefined;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,62})$/;
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const MAX_NAME_LENGTH = 253;
const PORT = /^[1-9][0-9]{0,4}$/;

/**
 * Parses `host` or `host:port` by a grammar that leaves nothing to interpret: no userinfo, no escapes, no empty host or
 * port, no leading zero, port 1 to 65535. Undefined for anything else.
 */
export function parsePublicAuthority(text: string): PublicAuthority | undefined {
  const portMark = text.indexOf(':', text.startsWith('[') ? text.indexOf(']') + 1 : 0);
  const host = parsePublicHost(portMark < 0 ? text : text.slice(0, portMark));
  if (host === undefined) return undefined;
  if (portMark < 0) return { host, port: undefined };
  const port = parsePort(text.slice(portMark + 1));
  return port === undefined ? undefined : { host, port };
}

/**
 * A host in its one spelling (lower case, no trailing dot, IPv6 as RFC 5952 prints it), or undefined for what is no DNS name, IPv4 address or
 * bracketed IPv6 address. A name whose last label is a number is an IPv4 address or nothing: that is how browsers read it.
 */
export function parsePublicHost(text: string): string | undefined {
  const host = text.toLowerCase();
  if (host.startsWith('[')) return parseBracketedIpv6(host);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  if (NUMERIC_LABEL.test(labels.at(-1) ?? '')) return parseIp(name) === undefined ? undefined : name;
  return name;
}

/** A port number as written in a URL, or undefined. */
export function parsePort(text: string): number | undefined {
  const port = PORT.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Host, with the port unless the scheme implies it: what the Host header says. */
export function printHost(address: Pick<PublicAddress, 'scheme' | 'host' | 'port'>): string {
  return address.port === defaultPort(address.scheme) ? address.host : `${address.host}:${address.port}`;
}

/** `scheme://host[:port]`, without a slash at the end. */
export function printOrigin(address: Pick<PublicAddress, 'scheme' | 'host' | 'port'>): string {
  return `${address.scheme}://${printHost(address)}`;
}

const PREFIX = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)+$/;
/** What a path segment must not hide: controls, slashes of both kinds. */
const ESCAPED_DELIMITER = /%(?:[01][0-9a-f]|7f|2f|5c)/i;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Whether `text` can be the prefix of a public address: empty, or whole segments, none of them empty or made of dots. */
export function isPublicPrefix(text: string): boolean {
  return text === '' || (PREFIX.test(text) && !ESCAPED_DELIMITER.test(text) && !DOT_SEGMENT.test(text));
}

function parseBracketedIpv6(text: string): string | undefined {
  const inner = text.slice(1, -1);
  if (!text.endsWith(']') || !inner.includes(':') || inner.includes('%')) return undefined;
  const octets = parseIp(inner);
  if (octets === undefined) return undefined;
  if (octets.length === 16) return `[${printIp(octets)}]`;
  // An IPv4-mapped address stays the IPv6 address that the URL names; browsers print it in hexadecimal.
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return `[::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}]`;
}
