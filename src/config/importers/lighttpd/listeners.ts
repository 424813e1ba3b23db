// Where lighttpd listens: server.port with server.bind, and one listener for each socket condition.
import { meaningOf } from './conditions.ts';
import type { Context } from './contexts.ts';
import { isOn, numberOf, type Setting, textOf } from './values.ts';

/** A listener. */
export interface LighttpdListener {
  /** The text of its socket condition; empty for that of `server.port`. */
  readonly socket: string;
  /** As our language writes it. */
  readonly address: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly settings: readonly Setting[];
}

/** All listeners, that of `server.port` first. */
export function findListeners(contexts: readonly Context[]): LighttpdListener[] {
  const [global, ...others] = contexts;
  if (global === undefined) return [];
  const bind = global.settings.get('server.bind');
  const portSetting = global.settings.get('server.port');
  const engine = global.settings.get('ssl.engine');
  const ipv6 = global.settings.get('server.use-ipv6');
  const port = numberOf(portSetting?.value) ?? (isOn(engine?.value) ? 443 : 80);
  const host = textOf(bind?.value) ?? (isOn(ipv6?.value) ? '[::]' : '');
  const main = {
    socket: '',
    address: printAddress(host, port),
    port,
    isSecure: isOn(engine?.value),
    settings: [bind, portSetting, ipv6].flatMap((setting) => setting ?? []),
  };
  const listeners: LighttpdListener[] = [main];
  for (const { condition, settings } of others) {
    if (condition === undefined || meaningOf(condition).about !== 'socket') continue;
    const own = settings.get('ssl.engine') ?? engine;
    const parsed = parseSocket(condition.value, port);
    const known = listeners.findIndex(({ address }) => address === parsed.address);
    const listener = { ...parsed, socket: condition.value, isSecure: isOn(own?.value), settings: [] };
    // A condition for the main listener's own address does not open a second one.
    if (known < 0) listeners.push(listener);
    else listeners[known] = { ...listener, settings: listeners[known]?.settings ?? [] };
  }
  return listeners;
}

/** `:443`, `0.0.0.0:443`, `[::]:443`, `/run/socket`, or a host alone, which takes the port of the server. */
function parseSocket(text: string, defaultPort: number): { address: string; port: number } {
  const [, host = text, portText] = /^(.*?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = portText === undefined ? defaultPort : Number(portText);
  return { address: printAddress(host, port), port };
}

function printAddress(host: string, port: number): string {
  if (host.startsWith('/')) return `unix:${host}`;
  if (host === '' || host === '*' || host === '0.0.0.0') return host === '0.0.0.0' ? `0.0.0.0:${port}` : `:${port}`;
  if (host === '[]' || host === '[::]') return `[::]:${port}`;
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
