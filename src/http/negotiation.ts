// Proactive negotiation: which of several offers a client likes best, by its Accept headers (RFC 9110 §12.5).
import { parseParameterized, splitList } from './token.ts';

/** One element of an Accept header: what it names, its parameters without `q`, and how much the client likes it. */
interface Preference {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** From 0 (not acceptable) to 1. */
  readonly quality: number;
}

/** How well one offer fits: compared field by field, larger is better. */
interface Fit {
  readonly quality: number;
  readonly specificity: number;
  /** The place of the preference in the header; earlier is better. */
  readonly position: number;
}

/** RFC 9110 §12.4.2, with the missing zero of `q=.2` that old Java clients send. */
const WEIGHT = /^(?:0(?:\.\d{0,3})?|\.\d{1,3}|1(?:\.0{0,3})?)$/;

/**
 * The media type among `offers` (plain `type/subtype`, lower case, best first) that an Accept header prefers, or
 * undefined if it accepts none. Without the header everything is acceptable (RFC 9110 §12.5.1). The most specific range
 * that covers an offer decides its quality; equal ones are settled by the more specific range, then the earlier
 * one, then the order of the offers.
 */
export function preferMediaType(accept: string | undefined, offers: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const preferences = parsePreferences(accept);
  return pickBest(offers, (offer) => fitMostSpecific(preferences, (range) => mediaSpecificity(range, offer)));
}

/**
 * Whether an Accept header wants `mediaType` by its name or as `type/*`, not only by a wildcard for everything:
 * browsers name `text/html` when they load a document and send only wildcards for what a document fetches.
 */
export function namesMediaType(accept: string | undefined, mediaType: string): boolean {
  if (accept === undefined) return false;
  const fit = fitMostSpecific(parsePreferences(accept), (range) => mediaSpecificity(range, mediaType));
  return fit !== undefined && fit.specificity >= 2 && fit.quality > 0;
}

/**
 * The content coding among `offers` (lower case, best first) that an Accept-Encoding header prefers, or `identity`.
 * Without the header that is `identity`: any coding would be allowed (RFC 9110 §12.5.3), but who does not ask may
 * not understand. `identity` is also the answer where nothing else is acceptable, even if it was refused: a whole
 * answer serves the client better than 406.
 */
export function preferEncoding(acceptEncoding: string | undefined, offers: readonly string[]): string {
  if (acceptEncoding === undefined || offers.length === 0) return 'identity';
  const preferences = parsePreferences(acceptEncoding);
  const fitOf = (offer: string): Fit | undefined => {
    const fit = fitMostSpecific(preferences, (range) => codingSpecificity(range, offer));
    // Browsers list codings by age, not by liking: among equals the order of the offers counts.
    return fit === undefined ? undefined : { ...fit, position: 0 };
  };
  const best = pickBest(offers, fitOf);
  if (best === undefined) return 'identity';
  const identity = preferences.find(({ value }) => value === 'identity');
  return identity !== undefined && identity.quality > (fitOf(best)?.quality ?? 0) ? 'identity' : best;
}

/**
 * The language tag among `offers` (best first) that an Accept-Language header prefers, or undefined if it names none.
 * A range covers the tags that it equals or is a prefix of (RFC 4647 §3.3.1). Where that gives nothing, ranges are
 * cut at their hyphens (RFC 4647 §3.4), so that who asks for `en-GB` gets `en`.
 */
export function preferLanguage(acceptLanguage: string | undefined, offers: readonly string[]): string | undefined {
  if (acceptLanguage === undefined || acceptLanguage.trim() === '') return offers[0];
  const preferences = parsePreferences(acceptLanguage);
  const covers = (range: Preference, offer: string) => languageSpecificity(range.value, offer.toLowerCase());
  const best = pickBest(offers, (offer) => fitMostSpecific(preferences, (range) => covers(range, offer)));
  if (best !== undefined) return best;
  return pickBest(offers, (offer) => {
    const direct = fitMostSpecific(preferences, (range) => covers(range, offer));
    // RFC 9110 §12.4.2: quality 0 means "not acceptable"; cutting a longer range does not overrule it.
    if (direct !== undefined) return direct;
    const language = offer.toLowerCase();
    return fitMostSpecific(preferences, ({ value }) =>
      value.startsWith(`${language}-`) ? language.length : undefined,
    );
  });
}

/** The elements of an Accept header; one with a broken weight is left out. Values and parameters in lower case. */
function parsePreferences(header: string): Preference[] {
  const preferences: Preference[] = [];
  for (const element of splitList(header)) {
    const { value, parameters } = parseParameterized(element);
    const weight = parameters.get('q') ?? '1';
    if (value === '' || !WEIGHT.test(weight)) continue;
    const others = new Map<string, string>();
    for (const [name, text] of parameters) if (name !== 'q') others.set(name, text.toLowerCase());
    preferences.push({ value: value.toLowerCase(), parameters: others, quality: Number(weight) });
  }
  return preferences;
}

/** The fit by the most specific preference that covers an offer; the first of equals. Undefined if none does. */
function fitMostSpecific(
  preferences: readonly Preference[],
  specificityOf: (preference: Preference) => number | undefined,
): Fit | undefined {
  let best: Fit | undefined;
  for (let position = 0; position < preferences.length; position++) {
    const preference = preferences[position] as Preference; // in bounds
    const specificity = specificityOf(preference);
    if (specificity === undefined || (best !== undefined && best.specificity >= specificity)) continue;
    best = { quality: preference.quality, specificity, position };
  }
  return best;
}

function pickBest(offers: readonly string[], fitOf: (offer: string) => Fit | undefined): string | undefined {
  let best: { offer: string; fit: Fit } | undefined;
  for (const offer of offers) {
    const fit = fitOf(offer);
    if (fit === undefined || fit.quality === 0) continue;
    if (best === undefined || isBetter(fit, best.fit)) best = { offer, fit };
  }
  return best?.offer;
}

function isBetter(a: Fit, b: Fit): boolean {
  if (a.quality !== b.quality) return a.quality > b.quality;
  if (a.specificity !== b.specificity) return a.specificity > b.specificity;
  return a.position < b.position;
}

/**
 * RFC 9110 §12.5.1: 1 for a wildcard over everything, 2 for `type/*`, 3 and more for the type itself. A parameter asks for something
 * that plain offers do not have, except `charset`, which clients add out of habit.
 */
function mediaSpecificity({ value, parameters }: Preference, offer: string): number | undefined {
  for (const name of parameters.keys()) if (name !== 'charset') return undefined;
  if (value === offer) return 3;
  if (value === '*/*' || value === '*') return 1;
  return value.endsWith('/*') && offer.startsWith(value.slice(0, -1)) ? 2 : undefined;
}

/** RFC 9110 §8.4.1.3: `x-gzip` is `gzip`. */
function codingSpecificity({ value }: Preference, offer: string): number | undefined {
  if (value === offer || (offer === 'gzip' && value === 'x-gzip')) return 1;
  return value === '*' ? 0 : undefined;
}

function languageSpecificity(range: string, language: string): number | undefined {
  if (range === '*') return 0;
  return language === range || language.startsWith(`${range}-`) ? range.length : undefined;
}
