// Option schemas for headers that an operator writes: names and values that can be sent, and none that would break a message.
import { z } from 'zod';
import { isFieldValue, isToken } from '../http/token.ts';

/** Which message the headers go into. */
export type HeaderSide = 'request' | 'response';

/** Set by the engine for each connection and each body; a second opinion about them is how requests are smuggled. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What only fits the body that it came with. */
const BODY_FACTS = new Set(['content-encoding', 'content-range']);

/** Computed by the proxy behind every feature, so that a value from here would have no effect. */
const FORWARDED = new Set([
  'expect',
  'forwarded',
  'host',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** The name of a header that may be changed on this side. Spelling is kept. */
export function headerNameOption(side: HeaderSide) {
  return z.string({ error: 'expected the name of a header' }).check((context) => {
    const message = refusalOf(context.value, side);
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
  });
}

/** The value of a header; numbers are taken as they are written. */
export function headerValueOption() {
  const message = 'expected a header value: characters of ISO 8859-1 without line breaks, no space at either end';
  const text = z
    .string({ error: 'expected a text' })
    // RFC 9110 §5.5: no controls, no white space at the ends.
    .refine((value) => isFieldValue(value) && value.trim() === value, message);
  return z.union([text, z.number().transform(String)]);
}

/** A whole Content-Type value (RFC 9110 §8.3.1). */
export function mediaTypeOption() {
  const message = 'expected a media type such as "text/plain; charset=utf-8"';
  return z
    .string({ error: message })
    .refine((text) => /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;|$)/.test(text) && isFieldValue(text), message);
}

/** Whether a header of this name may be changed on this side. */
export function isChangeableHeader(name: string, side: HeaderSide): boolean {
  return refusalOf(name, side) === undefined;
}

/** Why a header cannot be changed here, or undefined if it can. */
function refusalOf(name: string, side: HeaderSide): string | undefined {
  const lowerName = name.toLowerCase();
  if (!isToken(name)) return 'expected the name of a header: letters, digits and hyphens, without a colon';
  if (FRAMING.has(lowerName)) return `${name} belongs to the connection and is set by the server alone`;
  if (side === 'response' && BODY_FACTS.has(lowerName))
    return `${name} says how the body is made; changing it breaks the body`;
  if (side === 'request' && lowerName === 'host') return 'Host is chosen with "host: public" or "host: upstream"';
  if (side === 'request' && FORWARDED.has(lowerName)) return `${name} is set by the proxy; see "trust"`;
  return undefined;
}
