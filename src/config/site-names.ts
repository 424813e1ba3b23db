// The keys of `sites:`: one or more names, each exact, with a wildcard in front, or any name; possibly with a port.
import { domainToASCII } from 'node:url';
import { parseAuthority } from '../http/target.ts';
import type { SiteName } from './resolved-config.ts';

/** A name, or what is wrong with it. */
export type ParsedName = SiteName | { readonly message: string; readonly suggestion?: string };

/**
 * Parses a key such as `example.net, www.example.net:8443` into its names, in order. Names are compared in lower case and
 * without trailing dot (RFC 9110 §4.2.3); international ones are turned into the punycode that a Host header carries
 * (RFC 5891 §4.4).
 */
export function parseSiteNames(key: string): ParsedName[] {
  return key.split(',').map((name) => parseName(name.trim()));
}

/** `*`, `*.example.net` and `example.net`, each with or without port. */
export function printSiteName({ host, port }: SiteName): string {
  return port === undefined ? host : `${host}:${port}`;
}

const LABELS = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
/** RFC 1035 §2.3.4. */
const NAME_LIMIT = 253;

function parseName(text: string): ParsedName {
  if (text === '') return { message: 'a name is empty', suggestion: 'write "*" for any other name' };
  const [, urlRest] = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/i.exec(text) ?? [];
  if (urlRest !== undefined)
    return { message: `${text} is a URL, expected a host name`, suggestion: `write ${urlRest.replace(/\/.*$/, '')}` };
  const slash = text.indexOf('/');
  if (slash >= 0) return pathInName(text, slash);
  const star = /^\*(?=$|:|\.)/.test(text) ? (text.startsWith('*.') ? '*.' : '*') : '';
  const rest = text.slice(star.length);
  if (rest.includes('*')) return wildcardInside(text);
  if (star === '*') return parseAny(text, rest);
  return parseHost(text, star, rest);
}

function parseAny(text: string, rest: string): ParsedName {
  if (rest === '') return { host: '*', port: undefined };
  const port = parseAuthority(`x${rest}`)?.port;
  return port === undefined ? notAName(text) : { host: '*', port };
}

function parseHost(text: string, star: string, rest: string): ParsedName {
  const portMark = rest.startsWith('[') ? rest.indexOf(':', rest.indexOf(']')) : rest.indexOf(':');
  const hostText = portMark < 0 ? rest : rest.slice(0, portMark);
  const ascii = /^[\x00-\x7f]*$/.test(hostText) ? hostText : domainToASCII(hostText);
  const authority = parseAuthority(portMark < 0 ? ascii : ascii + rest.slice(portMark));
  if (authority === undefined || authority.port === 0) return notAName(text);
  const { host, port } = authority;
  if (host.startsWith('[') ? star !== '' : host.length > NAME_LIMIT || !LABELS.test(host)) return notAName(text);
  return { host: star + host, port };
}

function pathInName(text: string, slash: number): ParsedName {
  const [name, path] = [text.slice(0, slash), text.slice(slash)];
  return { message: `${text} has a path in it`, suggestion: `write the name ${name}, and ${path} as a key below it` };
}

function wildcardInside(text: string): ParsedName {
  const message = `${text} has a * in the middle; it can only stand for whole labels in front`;
  const [, suffix] = /\*[^.]*\.([^*]+)$/.exec(text) ?? [];
  return suffix === undefined ? { message } : { message, suggestion: `write "*.${suffix}"` };
}

function notAName(text: string): ParsedName {
  return { message: `expected a host name such as www.example.com, got "${text}"` };
}
