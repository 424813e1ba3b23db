// HAProxy with one thread; and its TCP mode, which copies bytes and reads no HTTP: the floor of any proxy.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import { type CertificateFiles, lines, mountPath, type Rival, type Setup, siteHost } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

const installed = debianRival('haproxy', ['-v']);

export const haproxy: Rival = {
  name: 'haproxy',
  ...installed,
  cannot({ accessLog, rewriting }) {
    if (rewriting !== undefined) return 'rewrites no bodies';
    return accessLog === undefined ? undefined : 'logs to syslog or standard output only';
  },
  start: (owner, setup) => startHaproxy(owner, setup, 'http'),
};

export const tcpFloor: Rival = {
  name: 'tcp',
  missing: installed.missing,
  version: () => `${installed.version()} in TCP mode`,
  cannot: ({ accessLog, sites, connections, certificate, rewriting }) => {
    if (certificate !== undefined || rewriting !== undefined || accessLog !== undefined || sites !== undefined)
      return 'copies bytes and knows nothing of HTTP';
    return connections > 5000 ? 'holds a connection to the backend for each' : undefined;
  },
  start: (owner, setup) => startHaproxy(owner, setup, 'tcp'),
};

function startHaproxy(owner: Parameters<Rival['start']>[0], setup: Setup, mode: 'http' | 'tcp') {
  const file = join(setup.folder, 'haproxy.cfg');
  writeFileSync(file, printConfig(setup, mode));
  return startServer(owner, mode === 'http' ? 'haproxy' : 'tcp', programPath('haproxy'), ['-db', '-f', file]);
}

function printConfig(
  { folder, port, backendPort, backendProtocol, connections, sites, certificate }: Setup,
  mode: 'http' | 'tcp',
): string {
  const http = mode === 'http' ? 'option http-keep-alive\n  option forwardfor\n  http-reuse always' : '';
  return `global
  nbthread 1
  maxconn ${connections + 1000}
  # It asks for two descriptors per connection, which few users may have; idle connections need one.
  no strict-limits
defaults
  mode ${mode}
  ${http}
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
listen main
  bind 127.0.0.1:${port} backlog 4096 ${certificate === undefined ? '' : bindOptions(folder, certificate)}
  ${sites === undefined ? '' : routingRules(folder, sites.hostCount, sites.mountCount)}
  server backend 127.0.0.1:${backendPort}${backendProtocol === 'h2' ? ' proto h2' : ''}
`;
}

/** It reads a certificate and its key from one file. */
function bindOptions(folder: string, { cert, key }: CertificateFiles): string {
  const file = join(folder, 'both.pem');
  writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
  return `ssl crt ${file} alpn h2,http/1.1 ssl-min-ver TLSv1.2`;
}

/** HAProxy's way to many sites: a map from host and first segment, and 404 for what is not in it. */
function routingRules(folder: string, hostCount: number, mountCount: number): string {
  const file = join(folder, 'routes.map');
  const hosts = hostCount === 0 ? [''] : Array.from({ length: hostCount }, (_, host) => siteHost(host));
  writeFileSync(
    file,
    hosts.map((host) => lines(mountCount, (mount) => `${host}${mountPath(mount)} backend`)).join('\n'),
  );
  const key = hostCount === 0 ? 'path' : 'base,lower';
  return `http-request deny deny_status 404 unless { ${key},map_beg(${file}) -m found }
  http-request replace-path /mount-[0-9]+/(.*) /\\1`;
}
