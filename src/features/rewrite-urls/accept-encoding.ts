// Which content codings a backend is asked for, and which one a client gets.
import { type ContentCoding, DECODABLE_CODINGS, OFFERED_CODINGS } from '../../content-coding/codings.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { preferEncoding } from '../../http/negotiation.ts';
import { parseParameterized, splitList } from '../../http/token.ts';

/** What is fetched for these is never rewritten: a backend may code it as the client likes. */
const NEVER_REWRITTEN: ReadonlySet<string> = new Set(['image', 'font', 'audio', 'video', 'track']);

/**
 * The Accept-Encoding to send for a request; undefined leaves the client's. A backend on this machine is asked for
 * plain bytes: decoding them costs more than moving them. Any other one is asked for what the client takes and we can undo.
 */
export function acceptEncodingFor(headers: ReadonlyHeaderList, isLoopback: boolean): string | undefined {
  const value = headers.getJoined('accept-encoding');
  if (value === undefined || NEVER_REWRITTEN.has(headers.get('sec-fetch-dest') ?? '')) return undefined;
  if (isLoopback) return 'identity';
  const kept = splitList(value).filter((element) => isUsable(element));
  return kept.length === 0 ? 'identity' : kept.join(', ');
}

/** A wildcard may stay where it forbids: it would let in codings that cannot be undone. */
function isUsable(element: string): boolean {
  const { value, parameters } = parseParameterized(element);
  const coding = value.toLowerCase();
  if (coding === '*') return /^0(?:\.0*)?$/.test(parameters.get('q') ?? '1');
  return coding === 'identity' || DECODABLE_CODINGS.has(coding);
}

let lastValue: string | undefined;
let lastCoding: ContentCoding | undefined;

/** The coding to send a rewritten body in, or undefined for none. Remembers the latest answer: clients repeat themselves. */
export function codingForClient(headers: ReadonlyHeaderList): ContentCoding | undefined {
  const value = headers.getJoined('accept-encoding');
  if (value === undefined) return undefined;
  if (value !== lastValue) {
    const preferred = preferEncoding(value, OFFERED_CODINGS);
    lastCoding = OFFERED_CODINGS.find((coding) => coding === preferred);
    lastValue = value;
  }
  return lastCoding;
}
