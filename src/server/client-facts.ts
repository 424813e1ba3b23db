// Who asks and by which public URL: the connection's word, or a trusted proxy's.
import type { ClientFacts, ConnectionFacts } from '../exchange/exchange.ts';
import type { RequestHead } from '../exchange/head.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { parseForwarded, parseForwardedNode } from '../http/headers/forwarded.ts';
import { type Authority, parseAuthority } from '../http/target.ts';
import { splitList } from '../http/token.ts';
import { isBasePath } from '../rewrite/base-url.ts';
import { type CidrList, parseIp } from '../util/cidr.ts';

/** The facts for one request. Headers about the client count only from a peer in `trust`. */
export function readClientFacts(connection: ConnectionFacts, request: RequestHead, trust: CidrList): ClientFacts {
  const scheme = connection.isSecure ? 'https' : 'http';
  if (!trust.contains(connection.address)) {
    return { address: connection.address, scheme, authority: request.authority, prefix: '', isForwarded: false };
  }
  const said = readForwarded(request, trust) ?? readXForwarded(request, trust);
  return {
    address: said.address ?? connection.address,
    scheme: said.scheme ?? scheme,
    authority: said.authority ?? request.authority,
    prefix: readPrefix(request.headers),
    isForwarded: true,
  };
}

/** X-Forwarded-Prefix becomes part of URLs, so that it must be a base path; anything else counts as nothing. */
function readPrefix(headers: ReadonlyHeaderList): string {
  const value = headers.get('x-forwarded-prefix');
  if (value === undefined) return '';
  const path = value.replace(/\/+$/, '');
  return isBasePath(path) ? path : '';
}

interface SaidFacts {
  readonly address: string | undefined;
  readonly scheme: 'http' | 'https' | undefined;
  readonly authority: Authority | undefined;
}

/** RFC 7239: the list is read from the end, where the nearest proxies wrote, to the first one that is not trusted. */
function readForwarded(request: RequestHead, trust: CidrList): SaidFacts | undefined {
  const value = request.headers.getJoined('forwarded');
  const elements = value === undefined ? undefined : parseForwarded(value);
  if (elements === undefined) return undefined;
  let index = elements.length - 1;
  while (index > 0 && trust.contains(nodeAddress(elements[index]?.for))) index--;
  const element = elements[index];
  const address = nodeAddress(element?.for);
  return {
    address: address === '' ? undefined : address,
    scheme: toScheme(element?.proto),
    authority: element?.host === undefined ? undefined : parseAuthority(element.host),
  };
}

function readXForwarded({ headers }: RequestHead, trust: CidrList): SaidFacts {
  const addresses = splitList(headers.getJoined('x-forwarded-for') ?? '');
  let index = addresses.length - 1;
  while (index > 0 && trust.contains(stripPort(addresses[index] ?? ''))) index--;
  const address = stripPort(addresses[index] ?? '');
  const hostText = splitList(headers.getJoined('x-forwarded-host') ?? '').at(-1);
  const host = hostText === undefined ? undefined : parseAuthority(hostText);
  return {
    address: parseIp(address) === undefined ? undefined : address,
    scheme: toScheme(splitList(headers.getJoined('x-forwarded-proto') ?? '').at(-1)),
    authority: host === undefined ? undefined : withPort(host, headers.get('x-forwarded-port')),
  };
}

/** X-Forwarded-Port counts where X-Forwarded-Host names none. */
function withPort(authority: Authority, portText: string | undefined): Authority {
  if (authority.port !== undefined || portText === undefined) return authority;
  const withIt = parseAuthority(`${authority.text}:${portText}`);
  return withIt?.port === undefined || withIt.port === 80 || withIt.port === 443 ? authority : withIt;
}

function nodeAddress(node: string | undefined): string {
  const parsed = node === undefined ? undefined : parseForwardedNode(node);
  return parsed?.isAddress ? parsed.name : '';
}

/** Some proxies write `address:port` into X-Forwarded-For. */
function stripPort(text: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text);
  return match?.[1] ?? match?.[2] ?? text;
}

function toScheme(text: string | undefined): 'http' | 'https' | undefined {
  const lower = text?.toLowerCase();
  return lower === 'http' || lower === 'https' ? lower : undefined;
}
