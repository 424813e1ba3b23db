// ProxyError and the one table of error codes: status, side, retry rule and RFC 9209 type of each.

/** Whose doing a failure is. */
export type ErrorSide = 'client' | 'upstream' | 'proxy';

/**
 * When the request may be tried again:
 * `never`; `if-reused` only on a kept connection that had answered before and gave no byte this time;
 * `if-idempotent` on another endpoint, when the method allows it (RFC 9110 §9.2.2); `always` when nothing was sent;
 * `unprocessed` at the same endpoint, which said that it did nothing with the request (RFC 9113 §8.7).
 */
export type RetryRule = 'never' | 'if-reused' | 'if-idempotent' | 'always' | 'unprocessed';

interface ErrorRow {
  readonly side: ErrorSide;
  readonly retry: RetryRule;
  /** The status the client sees if no head is out yet. */
  readonly status: number;
  /** The `error` parameter of Proxy-Status (RFC 9209 §2.3), where one is registered. */
  readonly proxyStatus: string | undefined;
  /** One sentence for the manual and for error pages: what happened. */
  readonly meaning: string;
}

/** Every code, in the order of the manual. `docs/errors.md` is generated from this table. */
export const ERRORS = {
  client_gone: row(
    'client',
    'never',
    499,
    undefined,
    'The client closed the connection before it had the whole answer.',
  ),
  request_malformed: row(
    'client',
    'never',
    400,
    'http_request_error',
    'The request does not follow the grammar of HTTP, or could be read in two ways.',
  ),
  request_truncated: row(
    'client',
    'never',
    400,
    'http_request_error',
    'The client stopped sending before its request was whole.',
  ),
  target_too_long: row('client', 'never', 414, 'http_request_error', 'The request target is longer than the limit.'),
  request_head_too_large: row(
    'client',
    'never',
    431,
    'http_request_error',
    'The request head is larger, or has more lines, than the limit.',
  ),
  request_body_too_large: row(
    'client',
    'never',
    413,
    'http_request_error',
    'The request body is larger than the limit.',
  ),
  request_head_timeout: row('client', 'never', 408, 'http_request_error', 'The request head did not arrive in time.'),
  request_body_timeout: row(
    'client',
    'never',
    408,
    'http_request_error',
    'The client sent nothing of its request body for too long.',
  ),
  response_write_timeout: row('client', 'never', 499, undefined, 'The client took nothing of the answer for too long.'),
  transfer_coding_unsupported: row(
    'client',
    'never',
    501,
    'http_request_error',
    'The request uses a transfer coding other than chunked.',
  ),
  version_unsupported: row(
    'client',
    'never',
    505,
    'http_request_error',
    'The request names an HTTP version that is not served here.',
  ),
  method_unsupported: row('client', 'never', 501, 'http_request_denied', 'The method is not supported.'),
  method_not_allowed: row('client', 'never', 405, 'http_request_denied', 'The method is not allowed here.'),
  expectation_failed: row(
    'client',
    'never',
    417,
    'http_request_denied',
    'The request expects something that cannot be met.',
  ),
  precondition_failed: row(
    'client',
    'never',
    412,
    undefined,
    'What is served here is not, or no longer, what the request was made for.',
  ),
  range_not_satisfiable: row('client', 'never', 416, undefined, 'The request asks for a part that does not exist.'),
  misdirected: row(
    'client',
    'never',
    421,
    'http_request_denied',
    'This connection does not serve the host that the request names.',
  ),
  client_certificate_required: row(
    'client',
    'never',
    403,
    'http_request_denied',
    'The request needs a client certificate that is valid here.',
  ),
  request_denied: row('client', 'never', 403, 'http_request_denied', 'The request is not allowed.'),
  unauthorized: row('client', 'never', 401, 'http_request_denied', 'The request needs credentials.'),
  too_many_requests: row('client', 'never', 429, 'http_request_denied', 'The client sends more requests than allowed.'),
  not_found: row('client', 'never', 404, undefined, 'Nothing is served at this address.'),
  site_unknown: row('client', 'never', 404, 'destination_not_found', 'No site has this host name.'),
  mount_unknown: row('client', 'never', 404, 'destination_not_found', 'The site has nothing at this path.'),

  dns_failed: row('upstream', 'if-idempotent', 502, 'dns_error', 'The name of the upstream could not be resolved.'),
  dns_timeout: row(
    'upstream',
    'if-idempotent',
    504,
    'dns_timeout',
    'The name of the upstream was not resolved in time.',
  ),
  connection_refused: row('upstream', 'always', 502, 'connection_refused', 'The upstream refused the connection.'),
  connection_unreachable: row(
    'upstream',
    'always',
    502,
    'destination_ip_unroutable',
    'The upstream cannot be reached.',
  ),
  connection_timeout: row(
    'upstream',
    'always',
    504,
    'connection_timeout',
    'The upstream did not accept the connection in time.',
  ),
  connection_limit_reached: row(
    'upstream',
    'always',
    503,
    'connection_limit_reached',
    'All connections to the upstream are in use.',
  ),
  no_endpoint: row('upstream', 'never', 503, 'destination_unavailable', 'No endpoint of the upstream is usable.'),
  tls_handshake_failed: row(
    'upstream',
    'always',
    502,
    'tls_protocol_error',
    'The TLS handshake with the upstream failed.',
  ),
  tls_certificate_invalid: row(
    'upstream',
    'never',
    502,
    'tls_certificate_error',
    'The certificate of the upstream is not valid for it.',
  ),
  upstream_closed: row(
    'upstream',
    'if-reused',
    502,
    'connection_terminated',
    'The upstream closed the connection without answering.',
  ),
  stream_refused: row(
    'upstream',
    'unprocessed',
    502,
    'connection_terminated',
    'The upstream took no more requests on the connection, and did nothing with this one.',
  ),
  http1_required: row(
    'upstream',
    'unprocessed',
    502,
    'connection_terminated',
    'The upstream agreed on HTTP/2 and then wanted the request in HTTP/1.1.',
  ),
  stream_reset: row(
    'upstream',
    'never',
    502,
    'connection_terminated',
    'The upstream gave the request up without answering.',
  ),
  upstream_timeout: row('upstream', 'never', 504, 'http_response_timeout', 'The upstream did not answer in time.'),
  upstream_write_timeout: row(
    'upstream',
    'never',
    504,
    'connection_write_timeout',
    'The upstream took nothing of the request for too long.',
  ),
  upstream_read_timeout: row(
    'upstream',
    'never',
    504,
    'connection_read_timeout',
    'The upstream sent nothing of its answer for too long.',
  ),
  response_malformed: row(
    'upstream',
    'never',
    502,
    'http_protocol_error',
    'The answer of the upstream does not follow the grammar of HTTP.',
  ),
  response_head_too_large: row(
    'upstream',
    'never',
    502,
    'http_response_header_section_size',
    'The head of the answer is larger than the limit.',
  ),
  response_truncated: row(
    'upstream',
    'never',
    502,
    'http_response_incomplete',
    'The upstream stopped sending before its answer was whole.',
  ),
  response_transfer_coding: row(
    'upstream',
    'never',
    502,
    'http_response_transfer_coding',
    'The answer uses a transfer coding other than chunked.',
  ),
  response_content_coding: row(
    'upstream',
    'never',
    502,
    'http_response_content_coding',
    'The content coding of the answer could not be decoded.',
  ),
  response_too_large: row('upstream', 'never', 502, 'http_response_body_size', 'The answer grew beyond the limit.'),
  upgrade_failed: row(
    'upstream',
    'never',
    502,
    'http_upgrade_failed',
    'The upstream answered the upgrade in a way that cannot be passed on.',
  ),

  file_unreadable: row('proxy', 'never', 500, 'proxy_internal_error', 'A file could not be read.'),
  file_truncated: row(
    'proxy',
    'never',
    500,
    'http_response_incomplete',
    'A file became shorter while it was being sent.',
  ),
  loop_detected: row('proxy', 'never', 508, 'proxy_loop_detected', 'The request came back to this proxy.'),
  internal_error: row('proxy', 'never', 500, 'proxy_internal_error', 'The proxy failed.'),
  overloaded: row('proxy', 'never', 503, 'proxy_internal_response', 'The proxy has no room for this request.'),
  shutting_down: row('proxy', 'never', 503, 'proxy_internal_response', 'The proxy is shutting down.'),
} as const satisfies Record<string, ErrorRow>;

/** A stable error code: what logs, metrics, Proxy-Status and error pages call a failure. */
export type ErrorCode = keyof typeof ERRORS;

/** Name and value of a header. */
export type HeaderLine = readonly [name: string, value: string];

/** What else is known about a failure. */
export interface ProxyErrorOptions {
  readonly cause?: unknown;
  readonly errno?: string | undefined;
  readonly headers?: readonly HeaderLine[];
}

/**
 * A failure that a peer or the environment caused. Thrown by transports and handlers, turned into a response in one
 * place (`server/serve.ts`); after the response head is out it can only cut the connection.
 */
export class ProxyError extends Error {
  override name = 'ProxyError';
  readonly code: ErrorCode;
  /** What exactly, for the log: never shown to clients. */
  readonly detail: string;
  /** Which endpoint it happened with, where there is one. */
  endpoint: string | undefined = undefined;
  /** The operating system's name for it, such as ECONNREFUSED. */
  readonly errno: string | undefined;
  /** Header lines that the answer to it must carry, such as Allow with 405 (RFC 9110 §15.5.6). */
  readonly headers: readonly HeaderLine[];

  constructor(code: ErrorCode, detail = '', options: ProxyErrorOptions = {}) {
    super(detail === '' ? ERRORS[code].meaning : `${ERRORS[code].meaning} (${detail})`, { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.errno = options.errno;
    this.headers = options.headers ?? [];
  }

  get side(): ErrorSide {
    return ERRORS[this.code].side;
  }

  get retry(): RetryRule {
    return ERRORS[this.code].retry;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** The `error` parameter of Proxy-Status (RFC 9209 §2.3), where one is registered. */
  get proxyStatus(): string | undefined {
    return ERRORS[this.code].proxyStatus;
  }

  get meaning(): string {
    return ERRORS[this.code].meaning;
  }
}

/** `thrown` as a ProxyError: itself, or `internal_error` with it as the cause. */
export function toProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProxyError('internal_error', detail, { cause: thrown });
}

function row(
  side: ErrorSide,
  retry: RetryRule,
  status: number,
  proxyStatus: string | undefined,
  meaning: string,
): ErrorRow {
  return { side, retry, status, proxyStatus, meaning };
}
