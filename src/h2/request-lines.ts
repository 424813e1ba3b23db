// Request heads as HTTP/2 sends them to an endpoint (RFC 9113 §8.3.1, RFC 8441 §4).
import type { Body } from '../exchange/body.ts';
import type { OutboundRequest } from '../exchange/head.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { meansNoContent } from '../http/method.ts';
import { isFieldValue } from '../http/token.ts';
import { invariant } from '../util/invariant.ts';
import { WEBSOCKET } from './extended-connect.ts';
import { wireLines } from './wire-lines.ts';

/** Host becomes `:authority` (RFC 9113 §8.3.1); what the content has decides about Content-Length. */
const REPLACED: ReadonlySet<string> = new Set(['host', 'content-length']);
/** RFC 8441 §5: nor is there a place for what HTTP/1.1 needs to switch. */
const REPLACED_IN_HANDSHAKE: ReadonlySet<string> = new Set([...REPLACED, 'sec-websocket-key']);

/** The lines of a head that was sent before: requests repeat, and equal lines are encoded once. */
interface Printed {
  method: string;
  target: string;
  scheme: string;
  length: number | undefined;
  lines: readonly string[];
}

const PRINTED_KEY = {};

/**
 * The head of a request: names and values by turns. Of TE only `trailers` is left (RFC 9113 §8.2.2). The same list is
 * handed out for the same request.
 */
export function requestLines(request: OutboundRequest, body: Body, scheme: string): readonly string[] {
  const { method, target, headers } = request;
  const length = contentLength(method, body);
  const printed = headers.derive(
    PRINTED_KEY,
    (): Printed => ({ method: '', target: '', scheme: '', length: undefined, lines: [] }),
  );
  if (printed.method === method && printed.target === target && printed.scheme === scheme && printed.length === length)
    return printed.lines;
  const lines = [':method', method, ':scheme', scheme, ...authority(headers), ':path', target];
  lines.push(...wireLines(headers, REPLACED));
  if (length !== undefined) lines.push('content-length', String(length));
  if (headers.has('te')) lines.push('te', 'trailers');
  Object.assign(printed, { method, target, scheme, length, lines });
  return lines;
}

/** The handshake of a WebSocket. */
export function connectLines({ target, headers }: OutboundRequest, scheme: string): readonly string[] {
  return [
    ...[':method', 'CONNECT', ':protocol', WEBSOCKET, ':scheme', scheme],
    ...authority(headers),
    ...[':path', target],
    ...wireLines(headers, REPLACED_IN_HANDSHAKE),
  ];
}

/** RFC 9110 §8.6: said where it is known, also where there could be content and is none. */
function contentLength(method: string, body: Body): number | undefined {
  if (body.isEmpty) return meansNoContent(method) ? undefined : 0;
  return body.length;
}

function authority(headers: ReadonlyHeaderList): readonly string[] {
  const host = headers.get('host')?.trim();
  if (host === undefined) return [];
  invariant(isFieldValue(host), 'Host cannot be sent');
  return [':authority', host];
}
