// http-proxy-3, the maintained successor of http-proxy, with a kept-alive agent.
import type { Rival } from '../rival.ts';
import { installNpmRival, type NpmServer, startNpmRival } from './npm-rival.ts';

const VERSION = '1.23.3';

const server: NpmServer = {
  name: 'http-proxy-3',
  packages: { 'http-proxy-3': VERSION },
  script: `import { Agent } from 'node:http';
import httpProxy from 'http-proxy-3';

const { port, backendPort } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 128 });
const proxy = httpProxy.createProxyServer({ target: 'http://127.0.0.1:' + backendPort, agent, xfwd: true });
proxy.on('error', (error, request, response) => response.destroy());
const { createServer } = await import('node:http');
const server = createServer({ keepAliveTimeout: 300000 }, (request, response) => proxy.web(request, response));
server.listen(port, '127.0.0.1', 4096);
`,
};

export const httpProxy3: Rival = {
  name: server.name,
  missing: () => installNpmRival(server),
  version: () => `http-proxy-3 ${VERSION}`,
  cannot: (setup) =>
    setup.backendProtocol === 'h1' &&
    [setup.accessLog, setup.sites, setup.certificate, setup.rewriting].every((wish) => wish === undefined)
      ? undefined
      : 'a library without logs, routes, TLS, HTTP/2 and rewriting',
  start: (owner, { port, backendPort }) => startNpmRival(owner, server, { port, backendPort }),
};
