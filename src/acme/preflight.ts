// Preflight: what can be seen from here before a public CA counts a failure against its limits.
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../util/clock.ts';
import { AcmeError } from './acme-error.ts';
import { type ChallengeBoard, type ChallengeType, HTTP_CHALLENGE_PREFIX } from './challenges.ts';
import { HttpClient } from './http-client.ts';

/** The outside world, as far as the checks look at it. */
export interface Surroundings {
  /** The addresses of a name; rejects as `dns.lookup` does. */
  resolve(name: string): Promise<readonly string[]>;
  /** The addresses of this machine. */
  ownAddresses(): ReadonlySet<string>;
  /** The body of the answer at a URL. */
  fetch(url: string): Promise<string>;
}

const TIMEOUT_MS = 5_000;
const NOT_FOUND = ['ENOTFOUND', 'ENODATA', 'EAI_NONAME'];

/**
 * Whether a challenge has any chance. Rejects where it has none: the name does not resolve; or it leads to this machine,
 * and a token of our own cannot be read there over http. Where a name leads elsewhere (to a balancer, through NAT) nothing
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
  if (challenge !== 'http-01' || !addresses.every((address) => own.has(address))) return;
  const [token, answer] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')];
  const takeDown = board.presentProbe(token, answer);
  try {
    await readBack(`http://${name}${HTTP_CHALLENGE_PREFIX}${token}`, answer, addresses, surroundings);
  } finally {
    takeDown();
  }
}

/** The world as it is. */
export function realSurroundings(clock: Clock): Surroundings {
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

async function readBack(
  url: string,
  answer: string,
  addresses: readonly string[],
  surroundings: Surroundings,
): Promise<void> {
  const where = `${new URL(url).host} leads to this machine (${addresses.join(', ')}), but`;
  let body: string;
  try {
    body = await surroundings.fetch(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AcmeError('local', `preflight: ${where} port 80 does not answer: ${reason}; nothing was ordered`, {
      cause,
    });
  }
  if (body !== answer)
    throw new AcmeError('local', `preflight: ${where} something else answers on port 80; nothing was ordered`);
}
