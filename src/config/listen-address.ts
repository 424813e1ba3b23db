// Addresses to listen on as people write them: ":80", "127.0.0.1:8080", "[::]:443", "unix:/run/portico.sock".
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { TcpAddress, UnixAddress } from './resolved-config.ts';

/** An address, or what is wrong with its text. */
export type ParsedAddress = TcpAddress | UnixAddress | { readonly message: string; readonly suggestion?: string };

/** sockaddr_un of Linux holds 108 bytes, its final zero included; macOS has 104. Node.js cuts off what is longer. */
const SOCKET_PATH_LIMIT = 103;
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^:[\]]*):(\d{1,5})$/;

/** Parses one address. Relative socket paths start from `baseDir`. */
export function parseListenAddress(text: string, baseDir: string): ParsedAddress {
  if (text.startsWith('unix:')) return parseSocketPath(text.slice(5), baseDir);
  const [, hostText, portText] = HOST_AND_PORT.exec(text) ?? [];
  const port = Number(portText);
  if (hostText === undefined || port > 65_535) return notAnAddress(text);
  if (hostText === '') return { host: undefined, port };
  if (hostText === '*') return notAnAddress(text, `write ":${port}"`);
  const host = hostText.startsWith('[') ? hostText.slice(1, -1) : hostText;
  if (hostText.startsWith('[') ? isIP(host) !== 6 : !isHost(host)) return notAnAddress(text);
  return { host, port };
}

/** The text that {@link parseListenAddress} reads back. */
export function printListenAddress(address: TcpAddress | UnixAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host = '', port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseSocketPath(text: string, baseDir: string): ParsedAddress {
  if (text === '') return { message: 'expected a path behind unix:' };
  const path = resolve(baseDir, text);
  const byteCount = Buffer.byteLength(path);
  if (byteCount <= SOCKET_PATH_LIMIT) return { path };
  return { message: `the path of a socket has at most ${SOCKET_PATH_LIMIT} bytes, ${path} has ${byteCount}` };
}

/** An IPv4 address or a name; something like 1.2.3 is neither. */
function isHost(host: string): boolean {
  return isIP(host) === 4 || (/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) && !/^[\d.]+$/.test(host));
}

function notAnAddress(text: string, hint?: string): ParsedAddress {
  const message = `expected an address such as 127.0.0.1:8080 or ":8080", got "${text}"`;
  const suggestion = hint ?? guess(text);
  return suggestion === undefined ? { message } : { message, suggestion };
}

function guess(text: string): string | undefined {
  if (/^\d{1,5}$/.test(text)) return `write ":${text}"`;
  const [, scheme, rest = ''] = /^(https?):\/\/([^/]+)\/?$/.exec(text) ?? [];
  if (scheme !== undefined) return `write ${/:\d+$/.test(rest) ? rest : `${rest}:${scheme === 'http' ? 80 : 443}`}`;
  if (text.startsWith('/') || text.startsWith('./')) return `write unix:${text}`;
  if (isIP(text) === 6) return `write [${text}]:8080`;
  const [, host, port] = /^(.*:.*):(\d+)$/.exec(text) ?? [];
  if (host !== undefined && isIP(host) === 6) return `write [${host}]:${port}`;
  return isHost(text) ? `write ${text}:8080` : undefined;
}
