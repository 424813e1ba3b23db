// Request heads in the form that node:http2 sends to an endpoint (RFC 9113 §8.3.1, RFC 8441 §4).
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Body } from '../exchange/body.ts';
import type { OutboundRequest } from '../exchange/head.ts';
import { meansNoContent } from '../http/method.ts';
import { WEBSOCKET } from './extended-connect.ts';
import { wireFields } from './wire-fields.ts';

/** The head of a request. Host becomes `:authority` (RFC 9113 §8.3.1), of TE only `trailers` is left (§8.2.2). */
export function requestFields(
  { method, target, headers }: OutboundRequest,
  body: Body,
  scheme: string,
): OutgoingHttpHeaders {
  const { host, ...fields } = wireFields(headers);
  delete fields['content-length'];
  if (!body.isEmpty && body.length !== undefined) fields['content-length'] = String(body.length);
  else if (body.isEmpty && !meansNoContent(method)) fields['content-length'] = '0';
  if (headers.has('te')) fields['te'] = 'trailers';
  return { ':method': method, ':scheme': scheme, ':authority': host, ':path': target, ...fields };
}

/** The handshake of a WebSocket: what HTTP/1.1 needs to switch has no place in it (RFC 8441 §5). */
export function connectFields({ target, headers }: OutboundRequest, scheme: string): OutgoingHttpHeaders {
  const { host, ...fields } = wireFields(headers);
  delete fields['content-length'];
  delete fields['sec-websocket-key'];
  return {
    ':method': 'CONNECT',
    ':protocol': WEBSOCKET,
    ':scheme': scheme,
    ':authority': host,
    ':path': target,
    ...fields,
  };
}
