// Portico itself, as `portico run` starts it: of this checkout, or of another one beside it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { porticoExecutable } from '../../../test/kit/portico.ts';
import { mountPath, REWRITE_MOUNT, type Rival, type Setup, siteHost } from '../rival.ts';
import { startServer } from '../server-process.ts';

export const portico: Rival = porticoRival('portico', porticoExecutable);

/** The Portico of another checkout, built: what a change is compared with, in the same rounds. */
export function otherCheckout(folder: string): Rival {
  return porticoRival(`portico of ${folder}`, join(folder, 'bin', 'portico.js'));
}

function porticoRival(name: string, executable: string): Rival {
  return {
    name,
    missing: () => (existsSync(executable) ? undefined : `there is no ${executable}`),
    version: () => name,
    start(owner, setup) {
      const file = join(setup.folder, 'portico.json');
      writeFileSync(file, JSON.stringify(config(setup)));
      return startServer(owner, name, setup.node, [executable, 'run', '-c', file]);
    },
  };
}

function config(setup: Setup): object {
  const { port, connections, sites, accessLog, certificate, rewriting } = setup;
  const backend = `${setup.backendProtocol === 'h2' ? 'h2c' : 'http'}://127.0.0.1:${setup.backendPort}`;
  const mounts = Object.fromEntries(
    Array.from({ length: sites?.mountCount ?? 0 }, (_, mount) => [mountPath(mount), backend]),
  );
  const hostCount = sites?.hostCount ?? 0;
  const hosts = hostCount === 0 ? ['*'] : Array.from({ length: hostCount }, (_, host) => siteHost(host));
  return {
    listen: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    ...(certificate === undefined ? {} : { tls: certificate }),
    log: { level: 'error' },
    defaults: { log: accessLog === undefined ? 'off' : { format: 'combined', path: accessLog } },
    admin: false,
    limits: { connections: connections + 1000, connectionsPerAddress: connections + 1000 },
    timeouts: { idle: '300s' },
    sites: Object.fromEntries(
      hosts.map((host) => [host, sites === undefined ? mountsFor(rewriting, backend) : mounts]),
    ),
  };
}

function mountsFor(rewriting: Setup['rewriting'], backend: string): unknown {
  if (rewriting === 'path') return { [REWRITE_MOUNT]: backend };
  return rewriting === 'plain' ? { proxy: backend, rewrite: 'off' } : backend;
}
