// Apache httpd: one process of the event MPM.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import type { Rival, Setup } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

const MODULE_FOLDER = '/usr/lib/apache2/modules';
const MODULES = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'];
/** More than the connections of any load: with none to spare it would close kept-alive ones. */
const THREADS = 128;

export const apache: Rival = {
  name: 'apache2',
  ...debianRival('apache2', ['-v']),
  cannot: ({ sites }) => (sites === undefined ? undefined : 'tests its virtual hosts one after the other'),
  start(owner, setup) {
    const file = join(setup.folder, 'apache.conf');
    writeFileSync(file, printConfig(setup));
    return startServer(owner, 'apache2', programPath('apache2'), ['-D', 'FOREGROUND', '-f', file]);
  },
};

/** An idle connection holds no thread but counts against the factor, so that is as high as the clients are many. */
function printConfig({ folder, port, backendPort, accessLog, connections }: Setup): string {
  return `ServerRoot ${folder}
ServerName bench.example
Listen 127.0.0.1:${port}
ListenBacklog 4096
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, 'apache-error.log')}
${MODULES.map((name) => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`).join('\n')}
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
ProxyPass / http://127.0.0.1:${backendPort}/
${
  accessLog === undefined
    ? ''
    : `
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog ${accessLog} combined`
}
`;
}
