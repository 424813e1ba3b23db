// One small application on every framework that `portico/backend` supports: prints what it believes of its own address.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import * as expressBackend from '../../src/backend/express.ts';
import * as fastifyBackend from '../../src/backend/fastify.ts';
import * as honoBackend from '../../src/backend/hono.ts';
import * as koaBackend from '../../src/backend/koa.ts';
import { type AnyRequest, type BackendOptions, behindFront, publicUrl } from '../../src/backend/node-http.ts';

declare module 'fastify' {
  interface Session {
    user?: string;
  }
}

/** What the frameworks' own properties say, beside what our helper says. */
export interface Facts {
  readonly id: string;
  readonly protocol: string;
  readonly secure: boolean;
  readonly host: string | undefined;
  readonly hostname: string;
  readonly originalUrl: string;
  readonly url: string;
  readonly baseUrl: string;
  readonly forwardedProto: string | undefined;
  readonly here: string;
  readonly hereWithQuery: string;
  readonly root: string;
}

/**
 * A running application. `GET /a/:id` answers its {@link Facts} (below another path, if told so); `GET /session` begins a session; any other path is a page that
 * wants a slash at its end (302) and prints its own address: the application of the recipe.
 */
export interface RunningApp {
  readonly port: number;
  /** How often a route handler ran. */
  readonly handled: () => number;
  readonly close: () => Promise<void>;
}

/** What to build the application with. */
export interface AppOptions extends BackendOptions {
  /** The address to listen on. Default 127.0.0.1. */
  readonly listen?: string | { readonly path: string };
  /** The path in front of `/:id`. Default `/a`. */
  readonly factsPath?: string;
}

/** Starts the application on one framework. */
export type StartApp = (options?: AppOptions) => Promise<RunningApp>;

// Exception: Express and Koa ship no types, and their type packages follow other versions; this is the part in use.
interface ExpressRequestLike extends IncomingMessage {
  readonly protocol: string;
  readonly secure: boolean;
  readonly host: string;
  readonly hostname: string;
  readonly originalUrl: string;
  readonly baseUrl: string;
  readonly params: { readonly id: string };
  session: Record<string, unknown>;
}
interface ExpressResponseLike extends ServerResponse {
  json(value: unknown): void;
  send(text: string): void;
  redirect(status: number, url: string): void;
}
type ExpressHandler = (
  request: ExpressRequestLike,
  response: ExpressResponseLike,
  next: (error?: unknown) => void,
) => void;
interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void;
  use(handler: unknown): void;
  get(path: string | RegExp, handler: ExpressHandler): void;
}
interface KoaContext {
  readonly req: IncomingMessage;
  readonly request: object & { originalUrl: string };
  readonly protocol: string;
  readonly secure: boolean;
  readonly host: string;
  readonly hostname: string;
  readonly path: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly cookies: { set(name: string, value: string): void };
  originalUrl: string;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
  redirect(url: string): void;
}
interface KoaApp {
  use(middleware: (ctx: KoaContext, next: () => Promise<unknown>) => unknown): void;
  callback(): RequestListener;
}
type ExpressSession = (options: object) => ExpressHandler;

const require = createRequire(import.meta.url);

/** The applications by the name of their framework. */
export const FRAMEWORK_APPS: Readonly<Record<string, StartApp>> = {
  'node-http': startNodeHttp,
  'express 5': (options) => startExpress('express', options),
  'express 4': (options) => startExpress('express4', options),
  fastify: startFastify,
  koa: startKoa,
  hono: startHono,
};

type SelfUrls = Pick<Facts, 'here' | 'hereWithQuery' | 'root'>;

function selfUrls(request: AnyRequest): SelfUrls {
  const { here, hereWithQuery, root } = publicUrl(request);
  return { here, hereWithQuery, root };
}

/** The page of the recipe: `Location` with a slash, or the text to print. */
function selfPage(request: AnyRequest): { location: string } | { text: string } {
  const url = publicUrl(request);
  return url.path.endsWith('/') ? { text: url.here } : { location: url.withSlash };
}

async function startNodeHttp({ listen, factsPath = '/a', ...options }: AppOptions = {}): Promise<RunningApp> {
  let handled = 0;
  const app: RequestListener = (request, response) => {
    handled++;
    // What behindFront sets, by the names that Express gave them.
    const set = request as IncomingMessage & Partial<ExpressRequestLike>;
    const { originalUrl = '', baseUrl = '', protocol = 'http', secure = false, hostname = '' } = set;
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path === '/session') {
      response.setHeader('set-cookie', `session=1; Path=/${secure ? '; Secure' : ''}`);
      response.end('session');
      return;
    }
    const id = idBelow(factsPath, path);
    if (id !== undefined) {
      const { host } = request.headers;
      const forwardedProto = request.headers['x-forwarded-proto'] as string | undefined;
      const url = request.url ?? '';
      const facts = {
        id,
        protocol,
        secure,
        host,
        hostname,
        originalUrl,
        url,
        baseUrl,
        forwardedProto,
        ...selfUrls(request),
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(facts satisfies Facts));
      return;
    }
    const page = selfPage(request);
    if ('location' in page) response.writeHead(302, { location: page.location }).end();
    else response.end(page.text);
  };
  return run(behindFront(app, options), listen, () => handled);
}

async function startExpress(
  name: 'express' | 'express4',
  { listen, factsPath = '/a', ...options }: AppOptions = {},
): Promise<RunningApp> {
  let handled = 0;
  const express = require(name) as () => ExpressApp;
  const session = require('express-session') as ExpressSession;
  const app = express();
  app.use(expressBackend.publicAddress(options));
  app.use(
    session({ secret: 'test', name: 'session', resave: false, saveUninitialized: false, cookie: { secure: 'auto' } }),
  );
  app.get('/session', (request, response) => {
    handled++;
    request.session['user'] = 'somebody';
    response.send('session');
  });
  app.get(`${factsPath}/:id`, (request, response) => {
    handled++;
    const { protocol, secure, hostname, originalUrl, baseUrl, headers, url = '' } = request;
    const host = name === 'express' ? request.host : headers.host;
    const forwardedProto = headers['x-forwarded-proto'] as string | undefined;
    const { id } = request.params;
    const facts = { id, protocol, secure, host, hostname, originalUrl, url, baseUrl, forwardedProto };
    response.json({ ...facts, ...selfUrls(request) } satisfies Facts);
  });
  app.get(/.*/, (request, response) => {
    handled++;
    const page = selfPage(request);
    if ('location' in page) response.redirect(302, page.location);
    else response.send(page.text);
  });
  return run(app, listen, () => handled);
}

async function startFastify({
  listen = '127.0.0.1',
  factsPath = '/a',
  ...options
}: AppOptions = {}): Promise<RunningApp> {
  let handled = 0;
  const { rewriteUrl, plugin } = fastifyBackend.publicAddress(options);
  const app = Fastify({ rewriteUrl, forceCloseConnections: true });
  await app.register(plugin);
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: 'a secret of at least thirty-two letters',
    cookieName: 'session',
    saveUninitialized: false,
    cookie: { secure: 'auto' },
  });
  app.get('/session', async (request) => {
    handled++;
    request.session.set('user', 'somebody');
    return 'session';
  });
  app.get<{ Params: { id: string } }>(`${factsPath}/:id`, async (request) => {
    handled++;
    const { protocol, host, hostname, originalUrl, url, headers, params } = request;
    const forwardedProto = headers['x-forwarded-proto'] as string | undefined;
    const { prefix: baseUrl } = fastifyBackend.publicRequestOf(request).address;
    const facts = { id: params.id, protocol, host, hostname, originalUrl, url, baseUrl, forwardedProto };
    return { ...facts, secure: protocol === 'https', ...selfUrls(request) } satisfies Facts;
  });
  app.get('*', async (request, reply) => {
    handled++;
    const page = selfPage(request);
    if ('location' in page) return reply.redirect(page.location, 302);
    return reply.send(page.text);
  });
  await app.listen(typeof listen === 'string' ? { host: listen, port: 0 } : listen);
  return {
    port: typeof listen === 'string' ? (app.server.address() as AddressInfo).port : 0,
    handled: () => handled,
    close: () => app.close(),
  };
}

async function startKoa({ listen, factsPath = '/a', ...options }: AppOptions = {}): Promise<RunningApp> {
  let handled = 0;
  const Koa = require('koa') as { new (): KoaApp } | { default: new () => KoaApp };
  const app = new ('default' in Koa ? Koa.default : Koa)();
  app.use(koaBackend.publicAddress(options));
  app.use((ctx) => {
    handled++;
    if (ctx.path === '/session') {
      ctx.cookies.set('session', '1');
      ctx.body = 'session';
      return;
    }
    const id = idBelow(factsPath, ctx.path);
    if (id !== undefined) {
      const { protocol, secure, host, hostname, originalUrl, url, headers } = ctx;
      const { prefix: baseUrl } = koaBackend.publicRequestOf(ctx).address;
      const forwardedProto = headers['x-forwarded-proto'] as string | undefined;
      const facts = { id, protocol, secure, host, hostname, originalUrl, url, baseUrl, forwardedProto };
      ctx.body = { ...facts, ...selfUrls(ctx) } satisfies Facts;
      return;
    }
    const page = selfPage(ctx);
    if ('location' in page) ctx.redirect(page.location);
    else ctx.body = page.text;
  });
  return run(app.callback(), listen, () => handled);
}

async function startHono({ listen, factsPath = '/a', ...options }: AppOptions = {}): Promise<RunningApp> {
  let handled = 0;
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/session', (c) => {
    handled++;
    const isSecure = c.req.url.startsWith('https:');
    setCookie(c, 'session', '1', { path: '/', secure: isSecure });
    return c.text('session');
  });
  app.get(`${factsPath}/:id`, (c) => {
    handled++;
    const url = new URL(c.req.url);
    const { address, target } = honoBackend.publicRequestOf(c);
    return c.json({
      id: c.req.param('id'),
      protocol: url.protocol.slice(0, -1),
      secure: url.protocol === 'https:',
      host: c.req.header('host'),
      hostname: url.hostname,
      originalUrl: target,
      url: url.pathname + url.search,
      baseUrl: address.prefix,
      forwardedProto: c.req.header('x-forwarded-proto'),
      ...selfUrls(c),
    } satisfies Facts);
  });
  app.get('*', (c) => {
    handled++;
    const page = selfPage(c);
    return 'location' in page ? c.redirect(page.location, 302) : c.text(page.text);
  });
  const fetch = honoBackend.behindFront<[HttpBindings]>((request, env) => app.fetch(request, env), options);
  const listener = getRequestListener((request, env) => fetch(request, env as HttpBindings));
  return run(listener, listen, () => handled);
}

/** What routers do with `/a/:id`. */
function idBelow(factsPath: string, path: string): string | undefined {
  const id = path.startsWith(`${factsPath}/`) ? path.slice(factsPath.length + 1) : '';
  return id === '' || id.includes('/') ? undefined : id;
}

/** Starts a server for any request listener. */
export async function run(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  listen: string | { readonly path: string } = '127.0.0.1',
  handled: () => number = () => 0,
): Promise<RunningApp> {
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (typeof listen === 'string') server.listen(0, listen, resolve);
    else server.listen(listen.path, resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    handled,
    close: () => close(server),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
