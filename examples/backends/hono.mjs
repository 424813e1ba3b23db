// A backend on Hono that knows its public address. Behind examples/nevow.yaml: node examples/backends/hono.mjs
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { behindFront, publicUrl } from 'portico/backend/hono';

const app = new Hono();

app.get('*', (c) => {
  const url = publicUrl(c);
  return url.path.endsWith('/') ? c.text(`${url.here}\n`) : c.redirect(url.withSlash);
});

serve({ fetch: behindFront(app.fetch), port: Number(process.env.PORT ?? 8081), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
