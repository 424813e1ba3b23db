// Renewal: at which instant a certificate is replaced: within the CA's own window, or after two thirds of its life.
import type { X509Certificate } from 'node:crypto';
import { toAcmeError } from './acme-error.ts';
import type { AcmeClient } from './client.ts';
import { parseAnswer } from './messages.ts';
import { renewalIdOf } from './x509.ts';

/** The window that a CA suggests (RFC 9773), and the instant in it that was drawn. Milliseconds since 1970. */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly chosenMs: number;
  /** Why the window is where it is, for people, where the CA has something to say. */
  readonly explanationUrl: string | undefined;
}

/** The part of its life after which a certificate is renewed if nobody says otherwise. */
const LIFE_USED = 2 / 3;
/** Names whose certificates were made together are renewed apart, within this part of their life. */
const SPREAD = 1 / 30;
/** RFC 9773 §4.3: how often to ask if the CA does not say, and between which bounds if it does. */
const LOOK_AGAIN_MS = 6 * 3600_000;
const SOONEST_LOOK_MS = 60_000;
const LATEST_LOOK_MS = 24 * 3600_000;

/** Two thirds of the certificate's life, or a little earlier: `random` gives numbers from 0 to 1. */
export function plainRenewalMs(leaf: X509Certificate, random: () => number): number {
  const [fromMs, toMs] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  return fromMs + (toMs - fromMs) * (LIFE_USED - SPREAD * random());
}

/**
 * Draws an instant in a window (RFC 9773 §4.2: uniformly). An instant that was drawn stays while its window does: else
 * every look would draw a later one.
 */
export function drawRenewal(
  window: Pick<RenewalWindow, 'startMs' | 'endMs' | 'explanationUrl'>,
  last: RenewalWindow | undefined,
  random: () => number,
): RenewalWindow {
  const isSame = last !== undefined && last.startMs === window.startMs && last.endMs === window.endMs;
  const chosenMs = isSame ? last.chosenMs : window.startMs + (window.endMs - window.startMs) * random();
  return { ...window, chosenMs };
}

/** What a CA said about the renewal of a certificate, and in how long to ask again. */
export interface RenewalAnswer {
  readonly window: RenewalWindow | undefined;
  readonly askAgainMs: number;
  /** Why there is no window although the CA gives them. */
  readonly error?: string;
}

/** Asks for the window. A CA that does not know the extension, or fails, gives none; that rejects never. */
export async function askRenewal(
  client: AcmeClient,
  leaf: X509Certificate,
  last: RenewalWindow | undefined,
  random: () => number,
): Promise<RenewalAnswer> {
  try {
    const { renewalInfo } = await client.directory();
    const id = await renewalIdOf(leaf);
    if (renewalInfo === undefined || id === undefined) return { window: undefined, askAgainMs: LATEST_LOOK_MS };
    const answer = await client.get(`${renewalInfo.replace(/\/$/, '')}/${id}`);
    const { suggestedWindow, explanationURL } = parseAnswer('renewalInfo', answer.text);
    const window = { startMs: suggestedWindow.start, endMs: suggestedWindow.end, explanationUrl: explanationURL };
    const wishedMs = client.retryAfterOf(answer) ?? LOOK_AGAIN_MS;
    const askAgainMs = Math.min(LATEST_LOOK_MS, Math.max(SOONEST_LOOK_MS, wishedMs));
    return { window: drawRenewal(window, last, random), askAgainMs };
  } catch (error) {
    // RFC 9773 §4.3.2: on errors, what was known stays, and the certificate's life is the rule without it.
    return { window: last, askAgainMs: LOOK_AGAIN_MS, error: toAcmeError(error).message };
  }
}
