// What a client sees of a failure: a short neutral page with a stable code, as HTML, JSON or text, or a gRPC status; and Proxy-Status.
import { grpcStatusOf, isGrpc, parseGrpcWebType, printGrpcMessage } from '../http/grpc.ts';
import { HeaderList } from '../http/header-list.ts';
import { preferMediaType } from '../http/negotiation.ts';
import { reasonPhrase } from '../http/status.ts';
import { printHtmlPage } from '../util/html-page.ts';
import { type Body, bytesBody, emptyBody } from './body.ts';
import type { ProxyError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './handler.ts';

/** What is known of the request that failed. */
export interface FailedRequest {
  readonly method: string;
  /** The joined Accept value, or undefined. */
  readonly accept: string | undefined;
  /** Its Content-Type: calls of gRPC are answered in gRPC. */
  readonly contentType?: string | undefined;
  /** The id of the exchange, or undefined if there was none. */
  readonly id: string | undefined;
}

/** What a page says. */
interface Statement {
  readonly status: number;
  /** One sentence; empty for none. */
  readonly meaning: string;
  readonly code: string | undefined;
  readonly id: string | undefined;
}

/** What may be sent, in the order for clients that take anything: programs say so, browsers name HTML. */
const OFFERS = ['text/plain', 'text/html', 'application/problem+json', 'application/json'];
/** RFC 9110 §15.5.6 wants Allow in every 405; this is what is said where nobody knows better. */
const ANY_METHOD = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const STYLE =
  ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:34rem;margin:15vh auto;padding:0 1rem}h1{font-size:1.5rem}footer{opacity:.6;font-size:.875rem}';
/** The page has one style element and nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const neutralBodies = new WeakSet<Body>();

/**
 * The reply for a failure. Says what the table of codes says, the code and the id by which the log can be searched, and
 * nothing of endpoints, files or code. Carries the headers of the error, and Proxy-Status where the table has a type.
 */
export function renderError(error: ProxyError, request: FailedRequest): Reply {
  const { status, meaning, code } = error;
  const reply = speaksGrpc(request)
    ? renderGrpcStatus(error, request)
    : renderStatement({ status, meaning, code, id: request.id }, request.accept);
  const headers = reply.head.headers.toMutable();
  for (const [name, value] of error.headers) headers.append(name, value);
  if (status === 405 && reply.head.status === 405 && !headers.has('allow')) headers.append('Allow', ANY_METHOD);
  // RFC 9209 §2: who generated the answer, and why. `details` is our stable code; the error's own detail stays here.
  if (error.proxyStatus !== undefined)
    headers.append('Proxy-Status', `portico; error=${error.proxyStatus}; details="${code}"`);
  return { head: { ...reply.head, headers }, body: reply.body };
}

/** The same page for a status that is meant, without a failure behind it. */
export function renderStatus(status: number, request: FailedRequest): Reply {
  return renderStatement({ status, meaning: '', code: undefined, id: request.id }, request.accept);
}

/** What {@link renderError} needs to know of an exchange. */
export function failedRequest(exchange: Exchange): FailedRequest {
  const { method, headers } = exchange.request;
  return { method, accept: headers.getJoined('accept'), contentType: headers.get('content-type'), id: exchange.id };
}

/** Whether a request is a call of gRPC or gRPC-Web, to which a page of any kind would mean nothing. */
export function speaksGrpc({ method, contentType }: FailedRequest): boolean {
  return method === 'POST' && (isGrpc(contentType) || parseGrpcWebType(contentType) !== undefined);
}

/** Whether the body of `reply` is one of these pages, so that a page of the operator's may take its place. */
export function isNeutralPage(reply: Reply): boolean {
  return neutralBodies.has(reply.body);
}

/** Trailers-Only in the terms of gRPC over HTTP/2: status 200, and the status of gRPC in the head. */
function renderGrpcStatus({ status, meaning, code }: ProxyError, { contentType, id }: FailedRequest): Reply {
  const message = id === undefined ? `${meaning} (${code})` : `${meaning} (${code}, request ${id})`;
  const headers = HeaderList.from([
    ['Content-Type', contentType?.replace(/[;\s].*$/, '') ?? 'application/grpc'],
    ['Cache-Control', 'no-store'],
    ['grpc-status', String(grpcStatusOf(status))],
    ['grpc-message', printGrpcMessage(message)],
  ]);
  return { head: { status: 200, reason: reasonPhrase(200), headers }, body: emptyBody };
}

function renderStatement(statement: Statement, accept: string | undefined): Reply {
  const { status } = statement;
  const mediaType = preferMediaType(accept, OFFERS) ?? 'text/plain';
  const [contentType, text] = printStatement(statement, mediaType);
  const body = bytesBody(text);
  neutralBodies.add(body);
  const headers = HeaderList.from([
    ['Content-Type', contentType],
    ['Content-Length', String(body.length)],
    // The id is this request's; and a cached failure outlives its cause (RFC 9110 §15.1).
    ['Cache-Control', 'no-store'],
    ['Vary', 'Accept'],
    ['X-Content-Type-Options', 'nosniff'],
  ]);
  if (mediaType === 'text/html') headers.append('Content-Security-Policy', PAGE_POLICY);
  return { head: { status, reason: reasonPhrase(status), headers }, body };
}

function printStatement(statement: Statement, mediaType: string): [contentType: string, text: string] {
  if (mediaType === 'text/html') return ['text/html; charset=utf-8', printPage(statement)];
  if (mediaType === 'text/plain') return ['text/plain; charset=utf-8', printText(statement)];
  return ['application/problem+json', printProblem(statement)];
}

function printText(statement: Statement): string {
  const { meaning, code, id } = statement;
  const lines = [printTitle(statement)];
  if (meaning !== '') lines.push(meaning);
  if (code !== undefined) lines.push(`code: ${code}`);
  if (id !== undefined) lines.push(`request: ${id}`);
  return `${lines.join('\n')}\n`;
}

/** RFC 9457 §3.1; with `about:blank` the title is the phrase of the status (RFC 9457 §4.2.1). */
function printProblem({ status, meaning, code, id }: Statement): string {
  const title = reasonPhrase(status);
  const detail = meaning === '' ? undefined : meaning;
  return `${JSON.stringify({ type: 'about:blank', title, status, detail, code, request: id })}\n`;
}

/** Nothing in it comes from a client: the words are the tables', codes and ids are tokens of ours. */
function printPage(statement: Statement): string {
  const { meaning, code, id } = statement;
  const title = printTitle(statement);
  const facts = [code, id === undefined ? undefined : `request ${id}`].filter((fact) => fact !== undefined);
  const body = [`<h1>${title}</h1>`];
  if (meaning !== '') body.push(`<p>${meaning}</p>`);
  if (facts.length > 0) body.push(`<footer>${facts.join(' &middot; ')}</footer>`);
  return printHtmlPage({ title, style: STYLE, body: body.join('\n') });
}

function printTitle({ status }: Statement): string {
  return `${status} ${reasonPhrase(status)}`.trimEnd();
}
