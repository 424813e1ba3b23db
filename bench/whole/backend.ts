// The backend of all measurements: nginx with a body of 1 KiB at every path, and one of 1 MiB under /large.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../test/kit/at-end.ts';
import { programPath } from '../../test/kit/debian.ts';
import { nginxHead } from './rivals/nginx.ts';
import { startServer, untilListening } from './server-process.ts';

/** Starts the backend and waits until it listens. */
export async function startBackend(owner: Owner, folder: string, port: number): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024, 'x'));
  const config = `${nginxHead(folder, 40_000)}
  sendfile on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type text/plain;
    location /large { alias ${join(folder, 'large')}; }
    location / { return 200 "${'x'.repeat(1023)}\\n"; }
  }
}
`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config);
  await untilListening(startServer(owner, 'backend', programPath('nginx'), ['-c', file]), port);
}
