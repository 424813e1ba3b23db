// A backend on Koa that knows its public address. Behind examples/nevow.yaml: node examples/backends/koa.mjs
import Koa from 'koa';
import { publicAddress, publicUrl } from 'portico/backend/koa';

const app = new Koa();

app.use(publicAddress());
app.use((ctx) => {
  const url = publicUrl(ctx);
  if (!url.path.endsWith('/')) ctx.redirect(url.withSlash);
  else ctx.body = `${url.here}\n`;
});

const server = app.listen(Number(process.env.PORT ?? 8081), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
