// `portico demo`, what `npm start` runs: a sample application, three sites in front of it, and what to try.
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Command, UsageError } from '../command.ts';
import { type SampleBackend, startSampleBackend } from '../demo/backend.ts';
import { loadGenerated } from '../load-for-command.ts';
import { runServer } from '../running-server.ts';
import type { Terminal } from '../terminal.ts';

/** The port that is tried first. */
const FIRST_PORT = 8080;
/** How many ports after it are tried. */
const PORT_TRIES = 100;

/** Runs the demonstration until Ctrl-C. */
export const demo: Command = {
  name: 'demo',
  summary: 'run a sample application behind a sample configuration, to look around',
  operands: [],
  flags: {
    port: { kind: 'text', short: 'p', value: 'PORT', help: `default: ${FIRST_PORT}, or the next one that is free` },
  },
  async run({ flags }, terminal) {
    const port = await choosePort(flags.text('port'), terminal);
    const backend = await startSampleBackend();
    try {
      const { config } = loadGenerated(demoDocument(port, backend), { listen: '--port' }, terminal);
      const onStarted = (server: { readonly addresses: readonly string[] }) =>
        terminal.print(printTour(server.addresses[0] ?? ''));
      return await runServer(config, { terminal, onStarted });
    } finally {
      backend.close();
    }
  },
};

/** The configuration of the demonstration, in short forms: what `examples/demo/portico.yaml` says too. */
export function demoDocument(port: number, backend: SampleBackend): Record<string, unknown> {
  const staticFolder = fileURLToPath(new URL('../../../../examples/demo/static', import.meta.url));
  return {
    listen: `127.0.0.1:${port}`,
    admin: false,
    sites: {
      'www.example.com': backend.url,
      'www.example.org': { '/static/': staticFolder, '/': backend.url },
      'localhost, 127.0.0.1': { '/': `${backend.url}/welcome/`, '/app/': backend.url, '/static/': staticFolder },
    },
  };
}

function printTour(address: string): string {
  const tries: readonly (readonly [ask: string, shows: string])[] = [
    [`-H 'Host: www.example.com' ${address}/some/page/`, 'a whole site to one application'],
    [`-H 'Host: www.example.com' ${address}/some/page`, 'which redirects by its public URL'],
    [`-H 'Host: www.example.org' ${address}/static/hello.txt`, 'a folder of files'],
    [`-H 'Host: www.example.org' ${address}/anything/`, 'and the application for everything else'],
    [`${address}/app/some/page`, 'the application below a path'],
  ];
  const width = Math.max(...tries.map(([ask]) => ask.length));
  const lines = tries.map(([ask, shows]) => `  curl -i ${ask.padEnd(width)}   # ${shows}`);
  const first = `Open ${address}/ in a browser, or ask for a site by its name:`;
  return `\n${[first, '', ...lines, '', 'Ctrl-C stops it.'].join('\n')}\n\n`;
}

/** The port that is asked for, or the first free one from {@link FIRST_PORT} on. */
async function choosePort(asked: string | undefined, terminal: Terminal): Promise<number> {
  if (asked !== undefined) {
    if (!/^\d{1,5}$/.test(asked) || Number(asked) > 65_535) throw new UsageError(`--port is a number, got ${asked}`);
    return Number(asked);
  }
  for (let port = FIRST_PORT; port < FIRST_PORT + PORT_TRIES; port++) {
    if (!(await isFree(port))) continue;
    if (port !== FIRST_PORT) terminal.print(`port ${FIRST_PORT} is taken, using ${port}\n`);
    return port;
  }
  throw new UsageError(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORT_TRIES - 1} is free; name one with --port`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
