// A backend on node:http that knows its public address. Behind examples/nevow.yaml: node examples/backends/node-http.mjs
import { createServer } from 'node:http';
import { behindFront, publicUrl } from 'portico/backend/node-http';

const server = createServer(
  behindFront((request, response) => {
    const url = publicUrl(request);
    if (!url.path.endsWith('/')) response.writeHead(302, { location: url.withSlash }).end();
    else response.end(`${url.here}\n`);
  }),
);

server.listen(Number(process.env.PORT ?? 8081), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
