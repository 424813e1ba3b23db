// Response heads and trailers in the form that node:http2 sends: canonical HTTP/2, whatever was returned (RFC 9113 §8.2).
import type { OutgoingHttpHeaders } from 'node:http2';
import type { ResponseHead } from '../exchange/head.ts';
import { currentHttpDate } from '../http/date.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { lowerHeaderName } from '../http/header-names.ts';
import { isFieldValue } from '../http/token.ts';
import { invariant } from '../util/invariant.ts';

/** RFC 9113 §8.2.2: what belongs to a connection is not sent in HTTP/2. */
const OWN_LINES: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'http2-settings',
]);

/** Headers that node:http2 refuses to send twice: the first line is sent (RFC 9110 §5.3 forbids repeating them). */
const SINGLE: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);
/** List headers that it refuses to send twice all the same: joined (RFC 9110 §5.3). */
const JOINED: ReadonlySet<string> = new Set(['content-encoding', 'content-language']);

const FIELDS_KEY = {};

/**
 * A final head. `length` is the Content-Length to send: a number, `keep` for that of the head, `none` for no such line.
 * Headers in `dropped` (lower case) are left out.
 */
export function finalFields(
  head: ResponseHead,
  length: number | 'keep' | 'none',
  dropped?: ReadonlySet<string>,
): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { ':status': head.status, ...sharedFields(head.headers) };
  for (const name of dropped ?? []) delete fields[name];
  if (length === 'none') delete fields['content-length'];
  else if (length !== 'keep') fields['content-length'] = String(length);
  // RFC 9110 §6.6.1: a recipient with a clock adds Date when the origin sent none.
  fields['date'] ??= currentHttpDate();
  return fields;
}

/** An informational head: no content, no Date. */
export function interimFields(head: ResponseHead): OutgoingHttpHeaders {
  const fields = { ':status': head.status, ...sharedFields(head.headers) };
  delete fields['content-length'];
  return fields;
}

/** A trailer section. */
export function trailerFields(trailers: ReadonlyHeaderList): OutgoingHttpHeaders {
  return { ...sharedFields(trailers) };
}

/** Computed once per header list; the callers copy it. */
function sharedFields(headers: ReadonlyHeaderList): OutgoingHttpHeaders {
  return headers.derive(FIELDS_KEY, () => collectFields(headers));
}

/** The last gate before the wire: nothing that is no header line gets through (RFC 9113 §8.2.1). */
function collectFields(headers: ReadonlyHeaderList): OutgoingHttpHeaders {
  const fields = new Map<string, string | string[]>();
  for (let index = 0; index < headers.length; index++) {
    const name = headers.lowerNameAt(index);
    if (OWN_LINES.has(name)) continue;
    const value = headers.valueAt(index).trim();
    if (lowerHeaderName(name) !== name || !isFieldValue(value))
      invariant(false, `header ${JSON.stringify(name)} cannot be sent`);
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (typeof before !== 'string') before.push(value);
    else if (JOINED.has(name)) fields.set(name, `${before}, ${value}`);
    else if (!SINGLE.has(name)) fields.set(name, [before, value]);
  }
  return Object.fromEntries(fields);
}
