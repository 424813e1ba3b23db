// A backend on Fastify that knows its public address. Behind examples/nevow.yaml: node examples/backends/fastify.mjs
import Fastify from 'fastify';
import { publicAddress, publicUrl } from 'portico/backend/fastify';

const { rewriteUrl, plugin } = publicAddress();
const app = Fastify({ rewriteUrl });
await app.register(plugin);

app.get('/*', async (request, reply) => {
  const url = publicUrl(request);
  if (!url.path.endsWith('/')) return reply.redirect(url.withSlash, 302);
  return `${url.here}\n`;
});

const address = await app.listen({ port: Number(process.env.PORT ?? 8081), host: '127.0.0.1' });
console.log(`listening on ${address}`);
