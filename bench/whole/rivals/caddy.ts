// Caddy on one processor, without its admin API and without certificates.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../../../test/kit/debian.ts';
import { lines, mountPath, type Rival, type Setup, siteHost } from '../rival.ts';
import { startServer } from '../server-process.ts';
import { debianRival } from './debian-rival.ts';

export const caddy: Rival = {
  name: 'caddy',
  ...debianRival('caddy', ['version']),
  cannot({ sites, rewriting }) {
    if (rewriting !== undefined) return 'rewrites no bodies';
    return sites === undefined || sites.hostCount === 0
      ? undefined
      : 'takes a minute to load so many, then tries them in turn';
  },
  start(owner, setup) {
    const file = join(setup.folder, 'Caddyfile');
    writeFileSync(file, printConfig(setup));
    const env = { GOMAXPROCS: '1', XDG_CONFIG_HOME: setup.folder, XDG_DATA_HOME: setup.folder };
    return startServer(owner, 'caddy', programPath('caddy'), ['run', '--adapter', 'caddyfile', '--config', file], env);
  },
};

function printConfig({ port, backendPort, backendProtocol, accessLog, sites, certificate }: Setup): string {
  const proxy = `reverse_proxy ${backendProtocol === 'h2' ? 'h2c://' : ''}127.0.0.1:${backendPort}`;
  const mounts = lines(sites?.mountCount ?? 0, (mount) => `handle_path ${mountPath(mount)}* {\n${proxy}\n}`);
  const log = accessLog === undefined ? '' : `log {\noutput file ${accessLog} {\nroll_disabled\n}\n}`;
  const tls = certificate === undefined ? '' : `tls ${certificate.cert} ${certificate.key}`;
  const origin = certificate === undefined ? `http://:${port}` : `https://127.0.0.1:${port}`;
  const block = (address: string) =>
    `${address} {\nbind 127.0.0.1\n${tls}\n${log}\n${sites === undefined ? proxy : mounts}\n}`;
  const blocks =
    sites === undefined || sites.hostCount === 0
      ? block(origin)
      : lines(sites.hostCount, (host) => block(`http://${siteHost(host)}:${port}`));
  return `{
  admin off
  auto_https off
  log {
    output stderr
    level ERROR
  }
}
${blocks}
`;
}
