// Response heads in the form that node:http2 sends: canonical HTTP/2, whatever was returned (RFC 9113 §8.2).
import type { OutgoingHttpHeaders } from 'node:http2';
import type { ResponseHead } from '../exchange/head.ts';
import { currentHttpDate } from '../http/date.ts';
import { wireFields } from './wire-fields.ts';

/**
 * A final head. `length` is the Content-Length to send: a number, `keep` for that of the head, `none` for no such line.
 * Headers in `dropped` (lower case) are left out.
 */
export function finalFields(
  head: ResponseHead,
  length: number | 'keep' | 'none',
  dropped?: ReadonlySet<string>,
): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { ':status': head.status, ...wireFields(head.headers) };
  for (const name of dropped ?? []) delete fields[name];
  if (length === 'none') delete fields['content-length'];
  else if (length !== 'keep') fields['content-length'] = String(length);
  // RFC 9110 §6.6.1: a recipient with a clock adds Date when the origin sent none.
  fields['date'] ??= currentHttpDate();
  return fields;
}

/** An informational head: no content, no Date. */
export function interimFields(head: ResponseHead): OutgoingHttpHeaders {
  const fields = { ':status': head.status, ...wireFields(head.headers) };
  delete fields['content-length'];
  return fields;
}
