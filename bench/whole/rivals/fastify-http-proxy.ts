// @fastify/http-proxy, which proxies with undici, on a Fastify server.
import type { Rival } from '../rival.ts';
import { installNpmRival, type NpmServer, startNpmRival } from './npm-rival.ts';

const VERSION = '11.6.3';

const server: NpmServer = {
  name: 'fastify-http-proxy',
  packages: { '@fastify/http-proxy': VERSION, fastify: '5.12.8' },
  script: `import Fastify from 'fastify';
import proxy from '@fastify/http-proxy';

const { port, backendPort, backendProtocol, accessLog } = JSON.parse(process.argv[2]);
const logger = accessLog === undefined ? false : { file: accessLog };
const app = Fastify({ logger, keepAliveTimeout: 300000 });
await app.register(proxy, { upstream: 'http://127.0.0.1:' + backendPort, http2: backendProtocol === 'h2' });
await app.listen({ port, host: '127.0.0.1', backlog: 4096 });
`,
};

export const fastifyHttpProxy: Rival = {
  name: server.name,
  missing: () => installNpmRival(server),
  version: () => `@fastify/http-proxy ${VERSION}`,
  cannot({ sites, certificate, rewriting }) {
    if (sites !== undefined) return 'one prefix at a time';
    return certificate === undefined && rewriting === undefined ? undefined : 'a library without TLS and rewriting';
  },
  start: (owner, { port, backendPort, backendProtocol, accessLog }) =>
    startNpmRival(owner, server, { port, backendPort, backendProtocol, accessLog }),
};
