// `listen` and `server_name`: which addresses there are, and which server block takes a name there.
import { domainToASCII } from 'node:url';
import { type NamePattern, type NameRemark, namesOfPattern } from '../pattern/regions.ts';
import { type Directive, wordsOf } from './parser.ts';
import type { NginxServer } from './server.ts';

/** One `listen`. */
export interface Listen {
  /** As our language writes it. */
  readonly address: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly isDefault: boolean;
  readonly directive: Directive | undefined;
}

/** The listens of a server block; without any, nginx takes port 80. */
export function listensOf(server: NginxServer): Listen[] {
  const own = server.scope.own('listen');
  const isAllSecure = server.scope.word('ssl') === 'on';
  if (own.length === 0)
    return [{ address: ':80', port: 80, isSecure: isAllSecure, isDefault: false, directive: undefined }];
  return own.map((directive) => parseListen(directive, isAllSecure));
}

function parseListen(directive: Directive, isAllSecure: boolean): Listen {
  const [text = '', ...options] = wordsOf(directive);
  const isSecure = isAllSecure || options.includes('ssl');
  const isDefault = options.includes('default_server') || options.includes('default');
  const base = { isSecure, isDefault, directive };
  if (text.startsWith('unix:')) return { ...base, address: text, port: isSecure ? 443 : 80 };
  if (/^\d+$/.test(text)) return { ...base, address: `:${text}`, port: Number(text) };
  const [, host = text, portText] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const port = portText === undefined ? 80 : Number(portText);
  return { ...base, address: host === '*' ? `:${port}` : `${host}:${port}`, port };
}

/** What the addresses of listens come to: `[::]:80` beside `:80` is one, for ours takes both families. */
export function joinAddresses(listens: readonly Listen[]): string[] {
  const addresses = [...new Set(listens.map(({ address }) => address))];
  const open = new Set(addresses.filter((address) => address.startsWith(':')));
  return addresses
    .map((address) =>
      address.startsWith('0.0.0.0:') && addresses.includes(address.replace('0.0.0.0', '[::]'))
        ? address.slice(7)
        : address,
    )
    .filter(
      (address) => !(/^(?:\[::\]|0\.0\.0\.0):/.test(address) && open.has(address.slice(address.lastIndexOf(':')))),
    )
    .filter((address, index, all) => all.indexOf(address) === index);
}

/** A name of a server block in our words. `rank` is nginx's order among kinds: smaller wins. */
export interface ServerName {
  readonly text: string;
  readonly rank: 0 | 1 | 2 | 3;
  readonly names: readonly NamePattern[];
  readonly remarks: readonly NameRemark[];
  /** Why there are no names. */
  readonly problem: string | undefined;
  /** For a pattern: what it is matched with. */
  readonly pattern: string | undefined;
}

/** Parses one word of `server_name`. */
export function parseServerName(text: string): ServerName {
  const base = { text, remarks: [], problem: undefined, pattern: undefined };
  if (text.startsWith('~')) {
    const found = namesOfPattern(text.slice(1));
    if (found === undefined) return { ...base, rank: 3, names: [], problem: 'its names cannot be listed' };
    return { ...base, rank: 3, names: found.names, remarks: found.remarks, pattern: text.slice(1) };
  }
  const lower = /[^\x00-\x7f]/.test(text) ? domainToASCII(text) : text.toLowerCase();
  const host = lower.replace(/(?<=.)\.$/, '');
  const name = (pattern: string) => ({ host: pattern, port: undefined });
  if (host.startsWith('.')) return { ...base, rank: 1, names: [name(host.slice(1)), name(`*${host}`)] };
  if (host.endsWith('.*')) return { ...base, rank: 2, names: [], problem: 'a * at the end of a name has no equal' };
  // An empty name is for requests without Host, `_` is a name that nobody has: both stand for the default server.
  if (host === '' || host === '_' || host === '--' || host === '!@#') return { ...base, rank: 0, names: [] };
  return { ...base, rank: host.startsWith('*.') ? 1 : 0, names: [name(host)] };
}

/** Whether a pattern of ours covers a name. */
function covers(pattern: string, host: string): boolean {
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
  return pattern === host;
}

/** The server that takes `host` among those that listen on a port: exact, longest wildcard, first pattern, the default. */
export function findServer(
  servers: readonly { readonly server: NginxServer; readonly listen: Listen; readonly names: readonly ServerName[] }[],
  host: string,
): NginxServer | undefined {
  for (const rank of [0, 1, 3] as const) {
    let best: { server: NginxServer; length: number } | undefined;
    for (const { server, names } of servers) {
      for (const name of names.filter((candidate) => candidate.rank === rank)) {
        const [longest] = name.names
          .filter(({ host: own }) => covers(own, host))
          .map(({ host: own }) => own.length)
          .sort((a, b) => b - a);
        if (
          longest !== undefined &&
          longest > (rank === 3 && best !== undefined ? Number.POSITIVE_INFINITY : (best?.length ?? 0))
        )
          best = { server, length: longest };
      }
    }
    if (best !== undefined) return best.server;
  }
  return (servers.find(({ listen }) => listen.isDefault) ?? servers[0])?.server;
}
