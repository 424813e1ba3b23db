// The way from http to https of one site: redirects, Strict-Transport-Security, and client certificates that are required.
import type { ResolvedHsts, ResolvedHttps, ResolvedSite } from '../config/resolved-config.ts';
import { emptyBody } from '../exchange/body.ts';
import { mapReply } from '../exchange/compose.ts';
import { failedRequest, renderError } from '../exchange/error-reply.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { noteFailure } from '../exchange/failure.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Answer, Handler, Next, Reply } from '../exchange/handler.ts';
import { HeaderList, type ReadonlyHeaderList } from '../http/header-list.ts';

/** The port of the first TLS listener; undefined if none is open. Ports that the system chose are known late. */
export type FindHttpsPort = () => number | undefined;

/** What stands before all mounts of a site, with sentences for `explain`. */
export interface HttpsGuard {
  readonly handle: Handler;
  explain(): string[];
}

const DEFAULT_HTTP_PORT = 80;
const DEFAULT_HTTPS_PORT = 443;

/** The guard of a site; undefined where it has nothing to do. */
export function createHttpsGuard(
  { https, tls }: ResolvedSite,
  findHttpsPort: FindHttpsPort,
  log: FeatureLog,
): HttpsGuard | undefined {
  const isCertificateRequired = tls?.clients?.mode === 'require';
  if (https === undefined && !isCertificateRequired) return undefined;
  const hsts = https?.hsts && { value: printHsts(https.hsts) };
  function guardHttps(exchange: Exchange, next: Next): Answer {
    if (https?.redirect === true && exchange.client.scheme === 'http')
      return redirectToHttps(exchange, https, findHttpsPort);
    if (isCertificateRequired) requireCertificate(exchange);
    // RFC 6797 §7.2: never over http, where anybody could have written it.
    return hsts === undefined || exchange.client.scheme === 'http' ? next() : addHsts(exchange, next, hsts, log);
  }
  return {
    handle: guardHttps,
    explain: () => [
      ...(https?.redirect === true ? ['redirects http to https (308)'] : []),
      ...(hsts === undefined ? [] : [`over https adds Strict-Transport-Security: ${hsts.value}`]),
      ...(isCertificateRequired ? ['requires a client certificate, else 403'] : []),
    ],
  };
}

function requireCertificate({ connection }: Exchange): void {
  const { tls } = connection;
  if (tls?.isClientVerified === true) return;
  const hasOne = tls !== undefined && tls.clientCertificates.length > 0;
  throw new ProxyError(
    'client_certificate_required',
    hasOne ? 'it is not signed by the CA of the site' : 'there is none',
  );
}

/** RFC 9110 §15.4.9: 308 keeps the method, so that a POST stays one. */
function redirectToHttps(exchange: Exchange, { port }: ResolvedHttps, findHttpsPort: FindHttpsPort): Reply {
  const { authority } = exchange.client;
  if (authority === undefined)
    throw new ProxyError('request_denied', 'https is needed, and there is no host to redirect to');
  const httpsPort = port ?? guessPort(exchange, findHttpsPort());
  const { path, query, form } = exchange.request.target;
  const host = httpsPort === DEFAULT_HTTPS_PORT ? authority.host : `${authority.host}:${httpsPort}`;
  const location = `https://${host}${form === 'asterisk' ? '/' : path}${query === undefined ? '' : `?${query}`}`;
  return {
    head: { status: 308, reason: 'Permanent Redirect', headers: HeaderList.from({ Location: location }) },
    body: emptyBody,
  };
}

/**
 * The port of our TLS listener, if the client asked for the port that it reached us on; else there is something between
 * that maps ports, and the public one is the usual one.
 */
function guessPort({ client, connection }: Exchange, listening: number | undefined): number {
  const publicPort = client.authority?.port ?? DEFAULT_HTTP_PORT;
  return listening === undefined || publicPort !== connection.localPort ? DEFAULT_HTTPS_PORT : listening;
}

/** What the header says; also the key under which changed header lists are kept. */
interface HstsLine {
  readonly value: string;
}

/** On failures too: an attacker must not be able to provoke an answer without it. */
function addHsts(exchange: Exchange, next: Next, line: HstsLine, log: FeatureLog): Answer {
  const change = (reply: Reply): Reply => {
    const { head } = reply;
    return { ...reply, head: { ...head, headers: head.headers.derive(line, () => withHsts(head.headers, line)) } };
  };
  const fail = (thrown: unknown): Reply => {
    const error = noteFailure(exchange, thrown, log);
    // Nobody is there to see a page.
    if (exchange.aborted !== undefined || error.code === 'client_gone') throw error;
    return change(renderError(error, failedRequest(exchange)));
  };
  try {
    return mapReply(next(), change, fail);
  } catch (thrown) {
    return fail(thrown);
  }
}

function withHsts(received: ReadonlyHeaderList, { value }: HstsLine): HeaderList {
  const headers = received.toMutable();
  // RFC 6797 §8.1: only the first counts, so a backend's own must not stand before it.
  headers.set('Strict-Transport-Security', value);
  return headers;
}

function printHsts({ maxAgeMs, subdomains, preload }: ResolvedHsts): string {
  const parts = [`max-age=${Math.floor(maxAgeMs / 1000)}`];
  if (subdomains) parts.push('includeSubDomains');
  if (preload) parts.push('preload');
  return parts.join('; ');
}
