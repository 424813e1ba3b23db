// Virtual hosts: on which ports each is asked, by which names, and which one takes a name.
import { isIP } from 'node:net';
import type { ImportReport } from '../report.ts';
import type { Directive } from './parser.ts';
import { Section } from './sections.ts';

/** A virtual host. */
export interface VirtualHost {
  readonly directive: Directive;
  readonly section: Section;
  /** The ports that it is asked on; undefined for every port. */
  readonly ports: readonly (number | undefined)[];
  /** ServerName without scheme and port; empty without one. */
  readonly name: string;
  /** In our words: exact or `*.example.net`, or `*`. */
  readonly names: readonly string[];
}

/** Reads the virtual hosts in the order of the file. */
export function readVirtualHosts(directives: readonly Directive[], report: ImportReport): VirtualHost[] {
  const hosts = directives
    .filter(({ key }) => key === 'virtualhost')
    .map((directive) => {
      const section = new Section(directive.block ?? [], directive);
      const serverName = section.find('servername');
      const name = parseServerName(serverName?.args[0] ?? '');
      const aliases = section.all('serveralias');
      report.contribute(directive, ...section.all('servername'), ...aliases);
      const names = [name, ...aliases.flatMap((alias) => alias.args.flatMap((text) => readAlias(alias, text, report)))];
      const ports = directive.args.map((text) => parsePort(directive, text, report));
      return { directive, section, ports, name, names: names.filter((text) => text !== '') };
    });
  checkAddresses(hosts, report);
  return hosts;
}

/** Apache looks at the address first: a virtual host with one of its own takes all requests to it from those for every address. */
function checkAddresses(hosts: readonly VirtualHost[], report: ImportReport): void {
  for (const { directive } of hosts) {
    const special = directive.args.find((text) => isIP(addressOf(text)) !== 0);
    if (special === undefined) continue;
    const isElsewhere = (text: string) => portOf(text) === portOf(special) && addressOf(text) !== addressOf(special);
    if (!hosts.some((other) => other.directive !== directive && other.directive.args.some(isElsewhere))) continue;
    const message = `requests to ${addressOf(special)} go to virtual hosts with that address only, whatever name they ask for; here the name decides`;
    report.warn(directive, message, 'write * for the address in all of them');
  }
}

function addressOf(text: string): string {
  return text.replace(/:(?:\d+|\*)$/, '').replace(/^\[|\]$/g, '');
}

function portOf(text: string): string {
  return /:(\d+)$/.exec(text)?.[1] ?? '*';
}

/** `https://www.example.com:443` is `www.example.com`. */
export function parseServerName(text: string): string {
  const [, host = ''] = /^(?:[a-z]+:\/\/)?(\[[^\]]*\]|[^:/]*)/i.exec(text) ?? [];
  return host.toLowerCase();
}

/** `*` stands for any number of characters; ours only for whole labels in front. */
function readAlias(directive: Directive, text: string, report: ImportReport): string[] {
  const name = parseServerName(text);
  if (!/[*?]/.test(name)) return [name];
  if (name === '*' || /^\*\.[^*?]+$/.test(name)) return [name];
  report.error(
    directive,
    `the alias ${text} cannot be said: a * only stands for whole labels in front`,
    'write the names out',
  );
  return [];
}

function parsePort(directive: Directive, text: string, report: ImportReport): number | undefined {
  const [, host = text, portText] = /^(\[[^\]]*\]|[^:]*)(?::(\d+|\*))?$/.exec(text) ?? [];
  const isAny = host === '*' || host === '_default_' || host === '';
  if (!isAny && isIP(host.replace(/^\[|\]$/g, '')) === 0) {
    const message = `${host} is taken for an address: if it does not resolve when Apache starts, the whole block is ignored`;
    report.warn(directive, message, 'write <VirtualHost *:80>; the name belongs into ServerName');
  }
  if (portText === undefined && !isAny) return 80;
  return portText === undefined || portText === '*' ? undefined : Number(portText);
}

/** A listener. */
export interface ApacheListener {
  readonly address: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** `Listen 80`, `Listen 127.0.0.1:8080`, `Listen [::]:443 https`; the ports of virtual hosts where there is no Listen. */
export function readListeners(
  directives: readonly Directive[],
  hosts: readonly VirtualHost[],
  report: ImportReport,
): ApacheListener[] {
  const listens = directives.filter(({ key }) => key === 'listen');
  report.contribute(...listens);
  const listeners = listens.flatMap((directive): ApacheListener[] => {
    const [text = '', protocol] = directive.args;
    const [, host = '', portText = text] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)$/.exec(text) ?? [];
    const port = Number(portText);
    if (!Number.isInteger(port)) {
      report.error(directive, `${text} is no address to listen on`, 'write a port, or an address and a port');
      return [];
    }
    const isSecure = protocol === 'https' || isSecurePort(hosts, port);
    return [{ address: host === '' || host === '*' ? `:${port}` : `${host}:${port}`, port, isSecure }];
  });
  if (listeners.length > 0) return listeners;
  const ports = new Set(hosts.flatMap((host) => host.ports.flatMap((port) => port ?? [])));
  if (ports.size === 0) ports.add(80);
  return [...ports].map((port) => ({ address: `:${port}`, port, isSecure: isSecurePort(hosts, port) }));
}

function isSecurePort(hosts: readonly VirtualHost[], port: number): boolean {
  return hosts.some(
    ({ section, ports }) => ports.includes(port) && /^on$/i.test(section.find('sslengine')?.args[0] ?? ''),
  );
}

/** The virtual hosts that are asked on a port. Those that name it go before those for every port. */
export function hostsOnPort(hosts: readonly VirtualHost[], port: number): VirtualHost[] {
  const exact = hosts.filter(({ ports }) => ports.includes(port));
  return exact.length > 0 ? exact : hosts.filter(({ ports }) => ports.includes(undefined));
}

/** The one that takes a name: the first that has it, else the first of all. Undefined if there is none at all. */
export function findVirtualHost(hosts: readonly VirtualHost[], host: string): VirtualHost | undefined {
  return hosts.find(({ names }) => names.some((name) => coversName(name, host))) ?? hosts[0];
}

function coversName(name: string, host: string): boolean {
  if (name === '*') return true;
  return name.startsWith('*.') ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : name === host;
}
