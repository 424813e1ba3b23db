// Pebble, a certificate authority for tests, with its name server, on ports of their own; its chaos stays on.
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Owner } from './at-end.ts';
import { TestAuthority } from './certificates.ts';
import { programPath } from './debian.ts';
import { freePorts } from './free-ports.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { tempFolder } from './temp-folder.ts';

/** What the CA shall be like. */
export interface PebbleOptions {
  /** Customers by `kid` with their keys in base64url: then it takes no others. */
  readonly eab?: Readonly<Record<string, string>>;
  /** The ports that it looks for challenges on. Default: free ones. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running CA. Every name resolves to 127.0.0.1 for it. */
export interface Pebble {
  readonly directory: string;
  /** The file with the root of its own https. */
  readonly ca: string;
  /** The ports that challenges must be answered on. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** The management address of the name server, for TXT records. */
  readonly dnsManagement: string;
  readonly process: RunningProcess;
  /** The root of the certificates that it gives. */
  root(): Promise<string>;
  /** The status of a certificate, by its serial number in hex. */
  statusOf(serial: string): Promise<string>;
}

/** Starts it and waits until it can be asked. */
export async function startPebble(owner: Owner, options: PebbleOptions = {}): Promise<Pebble> {
  const folder = tempFolder(owner);
  const [listen = 0, management = 0, http = 0, tls = 0, dns = 0, dnsManagement = 0] = await freePorts(6);
  const { eab, httpPort = http, tlsPort = tls } = options;
  const authority = await TestAuthority.create('Pebble https');
  const own = await authority.issue({ names: ['127.0.0.1', 'localhost'] });
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${listen}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: file('cert.pem', own.cert),
      privateKey: file('key.pem', own.key),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: eab !== undefined,
      externalAccountMACKeys: eab ?? {},
    },
  };
  const names = startProcess(owner, programPath('pebble-challtestsrv'), [
    ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`, '-defaultIPv6', ''],
    ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
  ]);
  await names.untilOutput('Starting management server');
  const pebble = startProcess(
    owner,
    programPath('pebble'),
    ['-config', file('pebble.json', JSON.stringify(config)), '-dnsserver', `127.0.0.1:${dns}`],
    { env: { PEBBLE_VA_NOSLEEP: '1', ...options.env } },
  );
  await pebble.untilOutput(/ACME directory available at/);
  const ca = file('ca.pem', authority.cert);
  const get = (path: string) => fetchText(`https://127.0.0.1:${management}${path}`, authority.cert);
  return {
    directory: `https://127.0.0.1:${listen}/dir`,
    ca,
    httpPort,
    tlsPort,
    dnsManagement: `http://127.0.0.1:${dnsManagement}`,
    process: pebble,
    root: () => get('/roots/0'),
    statusOf: async (serial) =>
      String((JSON.parse(await get(`/cert-status-by-serial/${serial.toLowerCase()}`)) as { Status: string }).Status),
  };
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, (incoming) => {
      incoming.setEncoding('utf8');
      let text = '';
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
