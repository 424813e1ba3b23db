// Preflight: what can be seen from here before a public CA counts a failure against its limits.
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:tls';
import type { Clock } from '../util/clock.ts';
import { AcmeError } from './acme-error.ts';
import { ACME_PROTOCOL, type ChallengeBoard, type ChallengeType, HTTP_CHALLENGE_PREFIX } from './challenges.ts';
import { HttpClient } from './http-client.ts';

/** The outside world, as far as the checks look at it. */
export interface Surroundings {
  /** The addresses of a name; rejects as `dns.lookup` does. */
  resolve(name: string): Promise<readonly string[]>;
  /** The addresses of this machine. */
  ownAddresses(): ReadonlySet<string>;
  /** The body of the answer at a URL. */
  fetch(url: string): Promise<string>;
  /** The certificate that port 443 of a name shows to a CA that checks a tls-alpn-01 challenge, in DER. */
  handshake(name: string): Promise<Buffer>;
}

const TIMEOUT_MS = 5_000;
const NOT_FOUND = ['ENOTFOUND', 'ENODATA', 'EAI_NONAME'];

/**
 * Whether a challenge has any chance. Rejects where it has none: the name does not resolve; or it leads to this machine,
 * and what we put up cannot be seen there: a token over http, or a certificate over TLS on port 443. Where a name leads elsewhere (to a balancer, through NAT) nothing
 * can be known from inside, and nothing is said. For dns-01 the name need not even exist.
 */
export async function checkBefore(
  name: string,
  challenge: ChallengeType,
  board: ChallengeBoard,
  surroundings: Surroundings,
): Promise<void> {
  if (challenge === 'dns-01') return;
  const addresses = await resolveName(name, surroundings);
  const own = surroundings.ownAddresses();
  if (!addresses.every((address) => own.has(address))) return;
  const seen =
    challenge === 'http-01' ? await probeHttp(name, board, surroundings) : await probeTls(name, board, surroundings);
  if (seen === undefined) return;
  const where = `${name} leads to this machine (${addresses.join(', ')}), but`;
  throw new AcmeError('local', `preflight: ${where} ${seen.message}; nothing was ordered`, { cause: seen.cause });
}

/** The world as it is. `tlsPort`: where handshakes go, for tests. */
export function realSurroundings(clock: Clock, tlsPort = 443): Surroundings {
  return {
    resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    ownAddresses: () =>
      new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))),
    async fetch(url) {
      const http = new HttpClient({ clock, timeoutMs: TIMEOUT_MS, maxBodyBytes: 4096 });
      try {
        return (await http.ask({ method: 'GET', url })).text;
      } finally {
        http.close();
      }
    },
    handshake: (name) => shakeHands(name, tlsPort, clock),
  };
}

async function resolveName(name: string, surroundings: Surroundings): Promise<readonly string[]> {
  try {
    return await surroundings.resolve(name);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    // Other failures are of the name server here; the CA has its own.
    if (!NOT_FOUND.includes(code)) return [];
    const message = `preflight: the name ${name} does not resolve, so no CA can reach it; nothing was ordered`;
    throw new AcmeError('local', message, { cause });
  }
}

/** What stands in the way of a challenge. */
interface Obstacle {
  readonly message: string;
  readonly cause?: unknown;
}

async function probeHttp(
  name: string,
  board: ChallengeBoard,
  surroundings: Surroundings,
): Promise<Obstacle | undefined> {
  const [token, answer] = [randomText(), randomText()];
  const takeDown = board.presentProbe(token, answer);
  try {
    const body = await surroundings.fetch(`http://${name}${HTTP_CHALLENGE_PREFIX}${token}`);
    return body === answer ? undefined : { message: 'something else answers on port 80' };
  } catch (cause) {
    return { message: `port 80 does not answer: ${reasonOf(cause)}`, cause };
  } finally {
    takeDown();
  }
}

async function probeTls(
  name: string,
  board: ChallengeBoard,
  surroundings: Surroundings,
): Promise<Obstacle | undefined> {
  const { leaf, takeDown } = await board.presentTlsProbe(name, randomText());
  try {
    const shown = await surroundings.handshake(name);
    return shown.equals(leaf) ? undefined : { message: 'something else answers on port 443' };
  } catch (cause) {
    return { message: `port 443 does not answer to ${ACME_PROTOCOL}: ${reasonOf(cause)}`, cause };
  } finally {
    takeDown();
  }
}

/** As a CA does (RFC 8737 §3): with the name, and with no other protocol. The certificate is compared, not trusted. */
function shakeHands(name: string, port: number, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { port, host: name, servername: name, ALPNProtocols: [ACME_PROTOCOL] };
    const socket = connect({ ...options, rejectUnauthorized: false });
    const end = (settle: () => void) => {
      cancel();
      socket.destroy();
      settle();
    };
    const cancel = clock.after(TIMEOUT_MS, () => end(() => reject(new Error(`nothing within ${TIMEOUT_MS} ms`))));
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('close', () => end(() => reject(new Error('the connection was closed'))));
    socket.on('secureConnect', () => {
      const { raw } = socket.getPeerX509Certificate() ?? {};
      const isTaken = socket.alpnProtocol === ACME_PROTOCOL && raw !== undefined;
      end(() => (isTaken ? resolve(raw) : reject(new Error('it was not agreed on'))));
    });
  });
}

function randomText(): string {
  return randomBytes(24).toString('base64url');
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
