// Apache httpd: one process of the event MPM.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import { REWRITE_MOUNT, type Rival, type Setup } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

const MODULE_FOLDER = '/usr/lib/apache2/modules';
const MODULES = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'];
const REWRITE_MODULES = ['filter', 'headers', 'xml2enc', 'proxy_html'];
/** Attributes that hold URLs: mod_proxy_html knows none by itself. Of its manual's list, what occurs in pages. */
const LINKS = [
  ['a', 'href'],
  ['link', 'href'],
  ['img', 'src srcset longdesc usemap'],
  ['form', 'action'],
  ['input', 'src usemap'],
  ['button', 'formaction'],
  ['script', 'src for'],
  ['iframe', 'src longdesc'],
  ['base', 'href'],
];
/** More than the connections of any load: with none to spare it would close kept-alive ones. */
const THREADS = 128;

export const apache: Rival = {
  name: 'apache2',
  ...debianRival('apache2', ['-v']),
  cannot({ backendProtocol, sites, certificate, rewriting }) {
    if (backendProtocol === 'h2' && !existsSync(join(MODULE_FOLDER, 'mod_proxy_http2.so')))
      return 'mod_proxy_http2 is not there';
    if (sites !== undefined) return 'tests its virtual hosts one after the other';
    if (certificate !== undefined) return 'not set up for TLS';
    return rewriting === 'path' && !existsSync(join(MODULE_FOLDER, 'mod_proxy_html.so'))
      ? 'mod_proxy_html is not there'
      : undefined;
  },
  start(owner, setup) {
    const file = join(setup.folder, 'apache.conf');
    writeFileSync(file, printConfig(setup));
    return startServer(owner, 'apache2', programPath('apache2'), ['-D', 'FOREGROUND', '-f', file]);
  },
};

/** An idle connection holds no thread but counts against the factor, so that is as high as the clients are many. */
function printConfig(setup: Setup): string {
  const { folder, port, backendPort, accessLog, connections, rewriting } = setup;
  const isHttp2 = setup.backendProtocol === 'h2';
  const modules = [...MODULES, ...(rewriting === 'path' ? REWRITE_MODULES : []), ...(isHttp2 ? ['proxy_http2'] : [])];
  return `ServerRoot ${folder}
ServerName bench.example
Listen 127.0.0.1:${port}
ListenBacklog 4096
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, 'apache-error.log')}
${modules.map((name) => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`).join('\n')}
User www-data
Group www-data
ServerLimit 1
StartServers 1
ThreadLimit ${THREADS}
ThreadsPerChild ${THREADS}
MaxRequestWorkers ${THREADS}
AsyncRequestWorkerFactor ${Math.ceil(connections / THREADS) + 10}
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 300
ProxyPreserveHost On
${rewriting === 'path' ? printRewriting(backendPort) : `ProxyPass / ${isHttp2 ? 'h2c' : 'http'}://127.0.0.1:${backendPort}/`}
${
  accessLog === undefined
    ? ''
    : `
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog ${accessLog} combined`
}
`;
}

function printRewriting(backendPort: number): string {
  const backend = `http://127.0.0.1:${backendPort}`;
  return `ProxyPass ${REWRITE_MOUNT} ${backend}/
<Location ${REWRITE_MOUNT}>
  ProxyPassReverse ${backend}/
  ProxyHTMLEnable On
  ${LINKS.map(([element, attributes]) => `ProxyHTMLLinks ${element} ${attributes}`).join('\n  ')}
  ProxyHTMLURLMap ${backend}/ ${REWRITE_MOUNT}
  ProxyHTMLURLMap / ${REWRITE_MOUNT}
  RequestHeader unset Accept-Encoding
</Location>`;
}
