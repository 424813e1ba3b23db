// What a client sees of a failure: a short neutral page with a stable code, as HTML, JSON or text, and Proxy-Status.
import { HeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';
import { bytesBody } from './body.ts';
import { ERRORS, type ProxyError } from './errors.ts';
import type { Reply } from './handler.ts';

/** What is known of the request that failed. */
export interface FailedRequest {
  readonly method: string;
  /** The joined Accept value, or undefined. */
  readonly accept: string | undefined;
  /** The id of the exchange, or undefined if there was none. */
  readonly id: string | undefined;
}

/** The reply for a failure. Tells the client nothing about endpoints, files or code. */
export function renderError(error: ProxyError, request: FailedRequest): Reply {
  const { status, proxyStatus } = ERRORS[error.code];
  const { accept } = request;
  const text = `${status} ${reasonPhrase(status)}\n${error.meaning}\ncode: ${error.code}${request.id === undefined ? '' : `\nid: ${request.id}`}\n`;
  const headers = HeaderList.from({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  if (proxyStatus !== undefined)
    headers.append('Proxy-Status', `portico; error=${proxyStatus}; details="${error.code}"`);
  if (status === 405) headers.append('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  void accept;
  return { head: { status, reason: reasonPhrase(status), headers }, body: bytesBody(text) };
}
