// The Forwarded header (RFC 7239): parse and print its elements and the node names in them.
import { parseIp } from '../../util/cidr.ts';
import { isFieldValue, quoteIfNeeded, unquote } from '../token.ts';

/** What one proxy says of the request it received: one element of the list. Values are unquoted, never checked further. */
export interface ForwardedElement {
  /** Who made the request to that proxy: a node, see {@link parseForwardedNode}. */
  readonly for?: string | undefined;
  /** The interface on which that proxy received it: a node. */
  readonly by?: string | undefined;
  /** The Host header it received. */
  readonly host?: string | undefined;
  /** The scheme it was asked by. */
  readonly proto?: string | undefined;
}

/** A node name (RFC 7239 §6) taken apart. */
export interface ForwardedNode {
  /** An IP address without brackets; `unknown`; or an obfuscated name, which starts with `_`. */
  readonly name: string;
  readonly isAddress: boolean;
  /** A number, or an obfuscated port, which starts with `_`. */
  readonly port: string | undefined;
}

/** One optional pair and what ends it. Sticky, and without two ways to match the same text: linear in the value's length. */
const PAIR = /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=([!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*")[ \t]*)?(;|,|$)/y;
const PARAMETERS = ['for', 'by', 'host', 'proto'] as const;

/**
 * Parses a whole field value (several lines joined by commas), the first element being the farthest proxy's.
 * Undefined if any part breaks the grammar of RFC 7239 §4: elements count from the end, so a broken list cannot be
 * trusted in parts. White space around `;` is accepted, extension parameters are checked and left out.
 */
export function parseForwarded(value: string): ForwardedElement[] | undefined {
  if (!isFieldValue(value)) return undefined;
  const elements: ForwardedElement[] = [];
  let pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  for (;;) {
    const match = PAIR.exec(value);
    if (match === null) return undefined;
    const [, spelledName, text = '', end] = match;
    if (spelledName !== undefined) {
      // RFC 7239 §4: a parameter name is case-insensitive and must not occur twice in an element.
      const name = spelledName.toLowerCase();
      if (pairs.has(name)) return undefined;
      pairs.set(name, unquote(text));
    }
    if (end === ';') continue;
    if (pairs.size > 0) elements.push(toElement(pairs));
    pairs = new Map();
    if (end === '') return elements.length === 0 ? undefined : elements;
  }
}

/** Prints elements as a field value. Values that are no tokens are quoted (RFC 7239 §4: an IPv6 node always is). */
export function printForwarded(elements: readonly ForwardedElement[]): string {
  return elements.map(printElement).join(', ');
}

/** Parses a node name: `192.0.2.1`, `[2001:db8::1]:4711`, `unknown`, `_hidden`. Undefined for anything else (RFC 7239 §6). */
export function parseForwardedNode(text: string): ForwardedNode | undefined {
  const match = NODE.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain = '', port] = match;
  if (port !== undefined && /^\d/.test(port) && Number(port) > 65_535) return undefined;
  if (bracketed !== undefined) return isIpv6(bracketed) ? { name: bracketed, isAddress: true, port } : undefined;
  const isName = plain.startsWith('_') || plain.toLowerCase() === 'unknown';
  if (!isName && parseIp(plain) === undefined) return undefined;
  return { name: isName && !plain.startsWith('_') ? 'unknown' : plain, isAddress: !isName, port };
}

const NODE =
  /^(?:\[([0-9A-Fa-f:.]+)\]|(_[A-Za-z0-9._-]+|[uU][nN][kK][nN][oO][wW][nN]|[0-9.]+))(?::(\d{1,5}|_[A-Za-z0-9._-]+))?$/;

/** Prints an IP address as a node name, IPv6 in brackets (RFC 7239 §6.1); `unknown` for what is no address. */
export function printForwardedNode(address: string, port?: number): string {
  if (parseIp(address) === undefined || address.includes('%')) return 'unknown';
  const name = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? name : `${name}:${port}`;
}

function toElement(pairs: ReadonlyMap<string, string>): ForwardedElement {
  const [forNode, by, host, proto] = PARAMETERS.map((name) => pairs.get(name));
  return { for: forNode, by, host, proto };
}

function printElement(element: ForwardedElement): string {
  let text = '';
  for (const name of PARAMETERS) {
    const value = element[name];
    if (value !== undefined) text += `${text === '' ? '' : ';'}${name}=${quoteIfNeeded(value)}`;
  }
  return text;
}

function isIpv6(text: string): boolean {
  return text.includes(':') && parseIp(text) !== undefined;
}
