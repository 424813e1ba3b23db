// nginx with one worker: the yardstick, configured as its manual advises for a proxy that keeps connections.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import { type CertificateFiles, lines, mountPath, REWRITE_MOUNT, type Rival, type Setup, siteHost } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

export const nginx: Rival = {
  name: 'nginx',
  ...debianRival('nginx', ['-v']),
  cannot: ({ backendProtocol }) => (backendProtocol === 'h2' ? 'speaks HTTP/1.1 to backends' : undefined),
  start(owner, setup) {
    const file = join(setup.folder, 'nginx.conf');
    writeFileSync(file, printConfig(setup));
    return startServer(owner, 'nginx', programPath('nginx'), ['-c', file]);
  },
};

/**
 * The start of a configuration that needs no file outside `folder`, up to the inside of `http {`. Connections live as
 * long as the load lasts: the default of 1000 requests per connection would measure reconnecting too.
 */
export function nginxHead(folder: string, connections: number, accessLog = 'off'): string {
  const tempPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  // Started by root it would give up its rights, and with them the folder.
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections ${connections}; }
http {
  ${tempPaths.join('\n  ')}
  access_log ${accessLog};
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  tcp_nodelay on;`;
}

function printConfig({
  folder,
  port,
  backendPort,
  accessLog,
  connections,
  sites,
  certificate,
  rewriting,
}: Setup): string {
  const listen = `listen 127.0.0.1:${port} ${certificate === undefined ? '' : 'ssl http2'} backlog=4096`;
  const mounts = lines(
    sites?.mountCount ?? 0,
    (mount) => `location ${mountPath(mount)} { proxy_pass http://backend/; }`,
  );
  const servers =
    sites === undefined || sites.hostCount === 0
      ? `server { ${listen}; ${sites === undefined ? printLocation(rewriting, backendPort) : mounts} }`
      : lines(
          sites.hostCount,
          (host) =>
            `server { ${host === 0 ? listen : `listen 127.0.0.1:${port}`}; server_name ${siteHost(host)};\n${mounts} }`,
        );
  // Kinder than the defaults: large answers go through large buffers, which halves their cost, and never into files.
  return `${nginxHead(folder, connections * 2 + 1000, accessLog === undefined ? 'off' : `${accessLog} combined buffer=64k flush=1s`)}
  server_names_hash_max_size 65536;
  server_names_hash_bucket_size 128;
  proxy_http_version 1.1;
  proxy_max_temp_file_size 0;
  proxy_buffer_size 16k;
  proxy_buffers 8 256k;
  proxy_busy_buffers_size 512k;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  ${certificate === undefined ? '' : printTls(certificate)}
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 128;
    keepalive_requests 1000000000;
  }
  ${servers}
}
`;
}

/** The versions and suites of Portico's default, and both ways of resumption. */
function printTls({ cert, key }: CertificateFiles): string {
  return `ssl_certificate ${cert};
  ssl_certificate_key ${key};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;
  ssl_session_cache shared:bench:10m;
  ssl_session_tickets on;`;
}

/** What a person writes to have the links of a page follow: the address, and each attribute that may hold a path. */
function printLocation(rewriting: Setup['rewriting'], backendPort: number): string {
  const origin = `http://127.0.0.1:${backendPort}`;
  if (rewriting === 'host')
    return `location / { proxy_pass http://backend; sub_filter_once off; sub_filter '${origin}' ''; }`;
  if (rewriting !== 'path') return 'location / { proxy_pass http://backend; }';
  const attributes = ['href', 'src', 'srcset', 'action', 'formaction', 'content', 'poster'];
  const patterns = attributes.map((name) => [`${name}="/`, `${name}="${REWRITE_MOUNT}`]);
  const all = [[`${origin}/`, REWRITE_MOUNT], ...patterns, ['url(/', `url(${REWRITE_MOUNT}`]];
  return `location ${REWRITE_MOUNT} {
    proxy_pass http://backend/;
    proxy_set_header Accept-Encoding "";
    sub_filter_once off;
    ${all.map(([from, to]) => `sub_filter '${from}' '${to}';`).join('\n    ')}
  }`;
}
