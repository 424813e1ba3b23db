// What Express does besides: routers below a prefix, the middleware in the wrong place, its own trust in proxies.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { ask } from '../../test/kit/ask.ts';
import { run } from '../../test/kit/framework-apps.ts';
import { behindFront, publicAddress } from './express.ts';

// Exception: Express ships no types; this is the part in use.
interface Router {
  use(...handlers: unknown[]): void;
  get(path: string, handler: (request: Request, response: ServerResponse) => void): void;
}
interface Request extends IncomingMessage {
  readonly baseUrl: string;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly hostname: string;
}
interface Express {
  (): Router &
    ((request: IncomingMessage, response: ServerResponse) => void) & { set(name: string, value: unknown): void };
  Router(): Router;
}

const require = createRequire(import.meta.url);
const options = { dialect: 'zope' as const, log: () => {} };
const prefixed = '/VirtualHostBase/https/h:443/VirtualHostRoot/_vh_app/sub/deeper/x?q';
const timeout = { timeout: 120_000 };

for (const version of ['express', 'express4']) {
  const express = require(version) as Express;

  for (const placing of ['middleware', 'wrapper']) {
    test(`${version}, ${placing}: routers keep the prefix in baseUrl, at every depth`, timeout, async () => {
      const app = express();
      const sub = express.Router();
      const deeper = express.Router();
      let seen = 0;
      if (placing === 'middleware') app.use(publicAddress(options));
      app.use((_: unknown, __: unknown, next: () => void) => {
        seen++;
        next();
      });
      app.use('/sub', sub);
      sub.use('/deeper', deeper);
      deeper.get('/x', (request, response) => {
        response.end(`${request.baseUrl} ${request.url} ${request.originalUrl} ${request.protocol}`);
      });
      const running = await run(placing === 'middleware' ? app : behindFront(app, options));
      try {
        assert.equal((await ask(running.port, prefixed)).body, '/app/sub/deeper /x?q /app/sub/deeper/x?q https');
        assert.equal(seen, 1);
        assert.equal((await ask(running.port, '/sub/deeper/x')).body, '/sub/deeper /x /sub/deeper/x http');
        assert.equal((await ask(running.port, prefixed.replace('/x', '/missing'))).status, 404);
      } finally {
        await running.close();
      }
    });
  }

  test(`${version}: below a path the middleware is a mistake`, timeout, async () => {
    const app = express();
    const errors: unknown[] = [];
    app.use('/below', publicAddress(options));
    app.use((error: unknown, _: unknown, response: ServerResponse, __: unknown) => {
      errors.push(error);
      response.writeHead(500).end();
    });
    const running = await run(app);
    try {
      assert.equal((await ask(running.port, '/below/x')).status, 500);
      assert.match(String(errors[0]), /TypeError: publicAddress\(\) must be used by the outermost application/);
    } finally {
      await running.close();
    }
  });

  test(`${version}: its own "trust proxy" finds the same address in the headers`, timeout, async () => {
    const app = express();
    app.set('trust proxy', true);
    app.use(publicAddress({ log: () => {} }));
    app.get('/x', (request, response) => response.end(`${request.protocol} ${request.hostname}`));
    const running = await run(app);
    try {
      const lines = ['Host: inner', 'X-Forwarded-Host: spoof, other', 'X-Forwarded-Proto: http'];
      assert.equal((await ask(running.port, '/vhost/https/h:8443/x', { lines })).body, 'https h');
    } finally {
      await running.close();
    }
  });
}
