// What an operator probably meant by a value that is not allowed.
import { nearestWord } from '../util/nearest-word.ts';

const DURATION_UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(milliseconds?|millis|msecs?)$/i, 'ms'],
  [/^(seconds?|secs?|s)?$/i, 's'],
  [/^(minutes?|mins?|m)$/i, 'm'],
  [/^(hours?|hrs?|h)$/i, 'h'],
  [/^(days?|d)$/i, 'd'],
];
const SIZE_UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(bytes?)?$/i, 'B'],
  [/^(k|kilobytes?)$/i, 'kB'],
  [/^(m|megabytes?)$/i, 'MB'],
  [/^(g|gigabytes?)$/i, 'GB'],
  [/^ki$/i, 'KiB'],
  [/^mi$/i, 'MiB'],
  [/^gi$/i, 'GiB'],
];
const NUMBER_AND_UNIT = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

/** A suggestion for `value` where `message` ("expected ...") was said about it; undefined where nobody can tell. */
export function suggestValue(message: string, value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  if (message.includes('duration')) return suggestUnit(text, DURATION_UNITS);
  if (message.includes('a size'))
    return /^\d+$/.test(text) ? `give it a unit: ${text}B, ${text}kB or ${text}MB` : suggestUnit(text, SIZE_UNITS);
  if (message.includes('an address') && /^\d{1,5}$/.test(text)) return `write ":${text}"`;
  if (/\bURL\b|backend address/.test(message)) return suggestUrl(text);
  const [, choices] = /^expected (?:one of|either) (.*)$/.exec(message) ?? [];
  const near = choices === undefined ? undefined : nearestWord(text, choices.split(/, | or /));
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

function suggestUnit(text: string, units: readonly (readonly [RegExp, string])[]): string | undefined {
  const [, amount, unit = ''] = NUMBER_AND_UNIT.exec(text.trim()) ?? [];
  const [, right] = units.find(([pattern]) => pattern.test(unit)) ?? [];
  return amount === undefined || right === undefined ? undefined : `write ${amount}${right}`;
}

const SCHEMES = ['http', 'https', 'h2c', 'unix'];

/** For something that should have been the URL of an endpoint. */
export function suggestUrl(text: string): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/*(.*)$/i.exec(text) ?? [];
  if (scheme === 'ws' || scheme === 'wss')
    return `write ${scheme === 'ws' ? 'http' : 'https'}://${rest}: WebSockets go through it too`;
  const near = text.includes('://') ? nearestWord(scheme, SCHEMES) : undefined;
  if (near !== undefined && near !== scheme) return `did you mean ${near}://${rest}?`;
  const [, slashed] = /^https?:\/?([^/].*)$/i.exec(text) ?? [];
  if (slashed !== undefined) return `write http://${slashed}`;
  return looksLikeAuthority(text) ? `write http://${text}` : undefined;
}

/** `localhost:3000`, `127.0.0.1`, `[::1]:80/x`, `backend.internal`. */
function looksLikeAuthority(text: string): boolean {
  return /^(?:\[[0-9a-f:]+\]|localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d))(?::\d{1,5})?(?:\/\S*)?$/i.test(text);
}
