// Header lists in the form that node:http2 sends: lower case, nothing of a connection, nothing twice that it refuses twice.
import type { OutgoingHttpHeaders } from 'node:http2';
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

/** A trailer section. */
export function trailerFields(trailers: ReadonlyHeaderList): OutgoingHttpHeaders {
  return { ...wireFields(trailers) };
}

/** The lines of a header list. Computed once per list; the callers copy it. */
export function wireFields(headers: ReadonlyHeaderList): OutgoingHttpHeaders {
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
