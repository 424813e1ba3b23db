// Applications from npm. Each has its dependencies pinned in test/fixtures/apps/NAME/package.json.
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RealApplication, StartCommand } from './application.ts';

/** Runs a script below node_modules with this Node.js. */
function nodeScript(script: string, ...args: readonly string[]): StartCommand {
  return { command: process.execPath, args: [join('node_modules', script), ...args] };
}

/** In the order of the table. */
export const npmApplications: readonly RealApplication[] = [
  {
    name: 'node-red',
    covers: 'control: relative URLs, WebSocket address built from location',
    isNpm: true,
    path: '/',
    shows: 'Deploy',
    start: ({ port, data }) => ({
      ...nodeScript('node-red/red.js', '-u', data, '-s', 'settings.js'),
      env: { PORT: String(port) },
    }),
  },
  {
    name: 'json-server',
    covers: 'Link headers, fetch of /db',
    isNpm: true,
    path: '/',
    shows: 'Congrats',
    start: ({ port }) =>
      nodeScript('json-server/lib/cli/bin.js', '--host', '127.0.0.1', '--port', String(port), 'db.json'),
  },
  {
    name: 'swagger-ui',
    covers: 'run-time fetch of a root-relative string, absolute URL in JSON',
    isNpm: true,
    path: '/',
    shows: 'Greeting API',
    start: ({ port }) => ({ command: process.execPath, args: ['srv.js', String(port)] }),
  },
  {
    name: 'ungit',
    covers: 'HTML without Content-Type, everything root-relative, WebSocket',
    isNpm: true,
    path: '/',
    shows: 'ungit',
    start: ({ port, data }) => ({
      ...nodeScript(
        'ungit/bin/ungit',
        `--port=${port}`,
        '--ungitBindIp=127.0.0.1',
        '--launchBrowser=false',
        '--bugtracking=false',
        '--sendUsageStatistics=false',
        '--no-b',
      ),
      env: { HOME: data },
    }),
  },
  {
    name: 'socket.io-chat',
    covers: 'WebSocket to a path that the library knows by itself',
    isNpm: true,
    path: '/',
    shows: 'welcome',
    start: ({ port }) => ({ command: process.execPath, args: ['srv.js', String(port)] }),
  },
  {
    name: 'vite-react-spa',
    covers: 'history-mode router that reads location, dynamic import',
    isNpm: true,
    build: ['node_modules/vite/bin/vite.js', 'build'],
    path: '/',
    shows: 'items 3',
    click: { selector: '#about', shows: 'About' },
    start: ({ port }) =>
      nodeScript('vite/bin/vite.js', 'preview', '--host', '127.0.0.1', '--port', String(port), '--strictPort'),
  },
  {
    name: 'next',
    covers: 'server-rendered pages, router, chunk loader, API',
    isNpm: true,
    build: ['node_modules/next/dist/bin/next', 'build'],
    buildEnv: { NEXT_TELEMETRY_DISABLED: '1' },
    path: '/',
    shows: 'hello',
    click: { selector: '#about', shows: 'About' },
    start: ({ port }) => ({
      ...nodeScript('next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)),
      env: { NEXT_TELEMETRY_DISABLED: '1' },
    }),
  },
  {
    name: 'astro',
    covers: 'root-relative links and url(), run-time fetch',
    isNpm: true,
    build: ['node_modules/astro/astro.js', 'build'],
    buildEnv: { ASTRO_TELEMETRY_DISABLED: '1' },
    path: '/',
    shows: 'ok',
    click: { selector: '#about', shows: 'About' },
    start: ({ port }) => ({
      ...nodeScript('astro/astro.js', 'preview', '--host', '127.0.0.1', '--port', String(port)),
      env: { ASTRO_TELEMETRY_DISABLED: '1' },
    }),
  },
  {
    name: 'wetty',
    covers: 'WebSocket and assets root-relative, content security policy',
    isNpm: true,
    // Its terminal is native code, which npm builds in an install script: built here, with the headers beside this Node.js.
    build: [
      'node_modules/node-gyp/bin/node-gyp.js',
      'rebuild',
      '-C',
      'node_modules/node-pty',
      `--nodedir=${resolve(process.execPath, '..', '..')}`,
    ],
    path: '/',
    shows: undefined,
    start: ({ port }) =>
      nodeScript(
        'wetty/build/main.js',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--base',
        '/',
        '--command',
        'sleep 60',
      ),
  },
  {
    name: 'verdaccio',
    covers: 'absolute URLs from the Host header, history-mode router',
    isNpm: true,
    path: '/',
    shows: 'portico-demo',
    click: { selector: 'a[href*="portico-demo"]', shows: 'README' },
    start: ({ port, folder, data }) => {
      // It writes beside its configuration.
      for (const name of ['config.yaml', 'storage']) cpSync(join(folder, name), join(data, name), { recursive: true });
      return nodeScript('verdaccio/bin/verdaccio', '-l', `127.0.0.1:${port}`, '-c', join(data, 'config.yaml'));
    },
  },
];
