// A configuration in TypeScript: the same keys, with completion in the editor and code where it saves writing.
import { defineConfig } from 'portico';

const customers = ['anna', 'bert', 'clara'];

export default defineConfig({
  listen: '127.0.0.1:8080',
  defaults: { timeouts: { upstreamHead: '2m' } },
  sites: {
    'www.example.com': 'http://127.0.0.1:8081',
    ...Object.fromEntries(customers.map((name, index) => [`${name}.example.com`, `http://127.0.0.1:${9000 + index}`])),
  },
});
