// The backend of all measurements: nginx with 1 KiB at every path, 1 MiB under /large, and pages of HTML under /pages/; in
// HTTP/1.1 and in HTTP/2.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../test/kit/at-end.ts';
import { programPath } from '../../test/kit/debian.ts';
import { BACKEND } from '../micro/rewrite-html/inputs.ts';
import { PAGES } from './pages.ts';
import { nginxHead } from './rivals/nginx.ts';
import { startServer, untilListening } from './server-process.ts';

/** Its loopback ports, both in cleartext. */
export interface BackendPorts {
  readonly h1: number;
  /** HTTP/2 with prior knowledge (RFC 9113 §3.3). */
  readonly h2: number;
}

/** Starts the backend and waits until it listens. */
export async function startBackend(owner: Owner, folder: string, ports: BackendPorts): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024, 'x'));
  writePages(join(folder, 'pages'), `http://127.0.0.1:${ports.h1}`);
  const config = `${nginxHead(folder, 40_000)}
  sendfile on;
  server {
    listen 127.0.0.1:${ports.h1} backlog=4096;
    listen 127.0.0.1:${ports.h2} backlog=4096 http2;
    default_type text/plain;
    types { text/html html; }
    location /pages/ { alias ${join(folder, 'pages')}/; }
    location /large { alias ${join(folder, 'large')}; }
    location / { return 200 "${'x'.repeat(1023)}\\n"; }
  }
}
`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config);
  await untilListening(startServer(owner, 'backend', programPath('nginx'), ['-c', file]), ports.h1);
}

/** What the rewriting workloads ask for: the inputs of the rewriter's own benchmark, with the address of this backend. */
function writePages(folder: string, origin: string): void {
  mkdirSync(folder);
  for (const { name, bytes } of PAGES) {
    const text = bytes.toString('latin1').replaceAll(BACKEND, origin);
    writeFileSync(join(folder, name), text, 'latin1');
  }
}
