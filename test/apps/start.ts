// Starts a real application on a free loopback port, and Portico in front of it: at the root of a host, and below a path.
import { connect } from 'node:net';
import { systemClock } from '../../src/util/clock.ts';
import type { Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { killAtExit } from '../kit/clean-up.ts';
import { startPortico } from '../kit/portico.ts';
import { type RunningProcess, startProcess } from '../kit/process.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import type { RealApplication } from './application.ts';

/** The three addresses of one application: origin and path, ending in `/`. */
export interface AppAddresses {
  /** The application itself. */
  readonly direct: string;
  /** Portico, the application at the root of a host of its own. */
  readonly root: string;
  /** Portico, the application below a path of another site. */
  readonly below: string;
  /** Where Portico listens: the names of its sites lead there. */
  readonly porticoPort: number;
}

/** How visitors come to Portico. */
export interface FrontOptions {
  /** Over TLS, which for Chromium means HTTP/2, with a certificate that nobody vouches for. Default: HTTP/1.1 in the clear. */
  readonly isSecure?: boolean;
}

/** Some applications compile or unpack when they start, on a machine that does other things too. */
const START_LIMIT_MS = 180_000;
const TRY_INTERVAL_MS = 100;

// Names that are secure contexts, as 127.0.0.1 is: a browser gives the application the same abilities everywhere.
const ROOT_HOST = 'root.localhost';
const SITE_HOST = 'site.localhost';

/** Starts both. They end with the owner. */
export async function startApplication(
  owner: Owner,
  app: RealApplication,
  folder: string,
  { isSecure = false }: FrontOptions = {},
): Promise<AppAddresses> {
  const port = await closedPort();
  const { command, args, cwd, env } = await app.start({ port, folder, data: tempFolder(owner) });
  const running = startProcess(owner, command, args, {
    cwd: cwd ?? folder,
    name: app.name,
    ownGroup: true,
    ...(env === undefined ? {} : { env }),
  });
  killAtExit(owner, running);
  await untilListening(running, port);
  const backend = `http://127.0.0.1:${port}/`;
  const mount = { ...app.mount, proxy: backend };
  const sites = { [ROOT_HOST]: { '/': mount }, [SITE_HOST]: { '/app/': mount } };
  const front = isSecure
    ? { listen: 'https://127.0.0.1:0', tls: await makeCertificate(owner) }
    : { listen: '127.0.0.1:0' };
  const portico = await startPortico(owner, { config: { ...front, admin: false, sites } });
  killAtExit(owner, portico.process);
  const scheme = isSecure ? 'https' : 'http';
  return {
    direct: backend,
    root: `${scheme}://${ROOT_HOST}:${portico.port}/`,
    below: `${scheme}://${SITE_HOST}:${portico.port}/app/`,
    porticoPort: portico.port,
  };
}

async function makeCertificate(owner: Owner): Promise<{ readonly cert: string; readonly key: string }> {
  const authority = await TestAuthority.create();
  return saveCertificate(tempFolder(owner), 'sites', await authority.issue({ names: [ROOT_HOST, SITE_HOST] }));
}

/** Waits until the port takes connections; fails with the output if the program ends first. */
async function untilListening(running: RunningProcess, port: number): Promise<void> {
  let isListening = false;
  const tryOnce = () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      isListening = true;
      socket.destroy();
    });
    socket.on('error', () => {});
  };
  const stop = systemClock.every(TRY_INTERVAL_MS, tryOnce);
  const end = systemClock.now() + START_LIMIT_MS;
  try {
    while (!isListening) {
      if (running.end !== undefined) throw new Error(`${running.name} ended:\n${running.output}`);
      if (systemClock.now() > end) throw new Error(`${running.name} does not listen:\n${running.output}`);
      await new Promise<void>((resolve) => void systemClock.after(TRY_INTERVAL_MS, resolve));
    }
  } finally {
    stop();
  }
}
