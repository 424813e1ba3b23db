// Two applications in one process, chosen by the public host, below a prefix that the zope form carries. Behind
// examples/zope.yaml: node examples/backends/virtual-hosts.mjs
import { createServer } from 'node:http';
import { behindFront, publicUrl, virtualHosts } from 'portico/backend/node-http';

const page = (name) => (request, response) => {
  const url = publicUrl(request);
  response.end(`${name} at ${url.root}\nthis page: ${url.hereWithQuery}\nanother one: ${url.child('more')}\n`);
};

const sites = virtualHosts({
  'a.example': page('A'),
  '*.b.example': page('B'),
  '*': page('the rest'),
});

const server = createServer(behindFront(sites, { dialect: 'zope' }));

server.listen(Number(process.env.PORT ?? 8081), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
