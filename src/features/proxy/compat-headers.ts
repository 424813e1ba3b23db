// Forwarding headers as lighttpd and Apache httpd send them, for backends that count on it: the key `compat` of a document.
import type { Exchange } from '../../exchange/exchange.ts';
import type { CompatServer } from '../../http/compat-target.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import { defaultPort } from '../../http/target.ts';

/**
 * What of a request does not go on as the client sent it. Everything else about other hops does, as there. Two exceptions
 * keep what they must: Proxy (CVE-2016-5385) and the certificate of the client (RFC 9440 §2.4).
 */
const SET_ANEW: Readonly<Record<CompatServer, ReadonlySet<string>>> = {
  lighttpd: new Set([
    ...['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-host'],
    ...['proxy', 'client-cert', 'client-cert-chain'],
  ]),
  apache: new Set([
    ...['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-server'],
    ...['proxy', 'client-cert', 'client-cert-chain'],
  ]),
};

/** Whether a header is held back or set anew. */
export function isSetAnewBy(server: CompatServer): (lowerName: string) => boolean {
  const names = SET_ANEW[server];
  return (lowerName) => names.has(lowerName);
}

/** Appends what the server says of client and host. `serverName` is ServerName of Apache. */
export function appendForwardedAs(
  server: CompatServer,
  prepared: HeaderList,
  exchange: Exchange,
  received: ReadonlyHeaderList,
  serverName: string,
): void {
  const { connection, client } = exchange;
  const append = (name: string, value: string) => {
    const before = received.getJoined(name.toLowerCase());
    prepared.append(name, before === undefined ? value : `${before}, ${value}`);
  };
  if (connection.address !== '') append('X-Forwarded-For', connection.address);
  if (server === 'lighttpd') {
    const host = normalHost(exchange);
    if (host !== undefined) {
      prepared.append('X-Host', host);
      prepared.append('X-Forwarded-Host', host);
    }
    prepared.append('X-Forwarded-Proto', client.scheme);
    return;
  }
  // As the client wrote it, in its own case and with its port.
  const host = received.get('host');
  if (host !== undefined) append('X-Forwarded-Host', host);
  append('X-Forwarded-Server', serverName === '' ? (client.authority?.host ?? '') : serverName);
}

/** The public host without a port that the scheme implies, which lighttpd leaves out. */
export function normalHost({ client }: Exchange): string | undefined {
  const { authority, scheme } = client;
  return authority?.port === defaultPort(scheme) ? authority.host : authority?.text;
}
