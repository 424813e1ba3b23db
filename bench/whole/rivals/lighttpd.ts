// lighttpd with its proxy module; answers are streamed rather than held, as its manual advises for large ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import type { Rival, Setup } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

export const lighttpd: Rival = {
  name: 'lighttpd',
  ...debianRival('lighttpd', ['-v']),
  cannot({ backendProtocol, sites, certificate, rewriting }) {
    if (backendProtocol === 'h2') return 'speaks HTTP/1.1 to backends';
    if (sites !== undefined) return 'tests its conditions one after the other';
    if (certificate !== undefined) return 'not set up for TLS';
    return rewriting === undefined ? undefined : 'rewrites no bodies';
  },
  start(owner, setup) {
    const file = join(setup.folder, 'lighttpd.conf');
    writeFileSync(file, printConfig(setup));
    return startServer(owner, 'lighttpd', programPath('lighttpd'), ['-D', '-f', file]);
  },
};

function printConfig({ folder, port, backendPort, accessLog, connections }: Setup): string {
  const modules = ['mod_proxy', ...(accessLog === undefined ? [] : ['mod_accesslog'])];
  return `server.modules = (${modules.map((name) => `"${name}"`).join(', ')})
server.document-root = "${folder}"
server.upload-dirs = ("${folder}")
server.bind = "127.0.0.1"
server.port = ${port}
server.listen-backlog = 4096
server.max-connections = ${connections + 1000}
server.max-fds = ${connections * 2 + 2000}
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 300
server.max-read-idle = 300
server.stream-response-body = 2
${accessLog === undefined ? '' : `accesslog.filename = "${accessLog}"`}
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${backendPort})))
`;
}
