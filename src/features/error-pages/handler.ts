// Puts pages of the operator's in the place of the neutral ones, and of what a backend says to its errors if that is wanted.
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { bytesBody, discardBody } from '../../exchange/body.ts';
import { mapReply } from '../../exchange/compose.ts';
import { failedRequest, isNeutralPage, renderError, speaksGrpc } from '../../exchange/error-reply.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { noteFailure } from '../../exchange/failure.ts';
import type { FeatureContext, FeatureInstance, FeatureLog } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { contentTypeOf } from '../../http/mime.ts';
import { namesMediaType, preferMediaType } from '../../http/negotiation.ts';
import type { ErrorPagesOptions } from './options.ts';

/** A page in memory. */
interface Page {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** `contentType` without parameters. */
  readonly mediaType: string;
}

/** Pages by `404` or `4xx`. */
type Pages = ReadonlyMap<string, Page>;

/** Pages are held in memory and sent in distress: they have no business being larger. */
const MAX_PAGE_BYTES = 1_000_000;

const MAX_DISCARDED_BYTES = 65_536;

/** What describes the body that is replaced, and what was allowed to that one only. */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-security-policy',
  'content-security-policy-report-only',
  'content-type',
  'digest',
  'etag',
  'expires',
  'last-modified',
  'repr-digest',
  'trailer',
  'transfer-encoding',
]);

/** Makes the handler of one mount. Rejects with an Error for the operator if a page cannot be read. */
export async function createErrorPages(options: ErrorPagesOptions, context: FeatureContext): Promise<FeatureInstance> {
  const { upstream: replacesUpstream, pages: files } = options;
  const pages = new Map<string, Page>();
  for (const [status, file] of files) pages.set(status, await loadPage(resolve(context.baseDir, file)));
  return {
    handle: function errorPages(exchange, next) {
      const onReply = (reply: Reply) => replaceReply(pages, replacesUpstream, exchange, reply);
      const onFailure = (thrown: unknown) => replaceFailure(pages, exchange, thrown, context.log);
      try {
        return mapReply(next(), onReply, onFailure);
      } catch (thrown) {
        return onFailure(thrown);
      }
    },
    explain: () => [...files].map(([status, file]) => `answers ${status} with the page ${file}`),
  };
}

/** The page for a failure of the chain; throws it further if there is none, or nobody to see it. */
function replaceFailure(pages: Pages, exchange: Exchange, thrown: unknown, log: FeatureLog): Reply {
  const error = noteFailure(exchange, thrown, log);
  const page = pageFor(pages, error.status);
  if (page === undefined || exchange.aborted !== undefined || !isWelcome(page, exchange)) throw error;
  return withPage(renderError(error, failedRequest(exchange)), page);
}

function replaceReply(pages: Pages, replacesUpstream: boolean, exchange: Exchange, reply: Reply): Reply {
  const { status } = reply.head;
  if (status < 400) return reply;
  const page = pageFor(pages, status);
  if (page === undefined) return reply;
  if (isNeutralPage(reply)) return isWelcome(page, exchange) ? withPage(reply, page) : reply;
  // An answer of the backend is worth more than ours: only who asks for a page by name gets one in its place.
  const accept = exchange.request.headers.getJoined('accept');
  const isUpstreams = exchange.upstream !== undefined;
  return replacesUpstream && isUpstreams && namesMediaType(accept, page.mediaType) ? withPage(reply, page) : reply;
}

/** Whether the client does not prefer one of the machine-readable forms that the neutral page has. */
function isWelcome(page: Page, exchange: Exchange): boolean {
  if (speaksGrpc(failedRequest(exchange))) return false;
  const accept = exchange.request.headers.getJoined('accept');
  const offers = [page.mediaType, 'application/problem+json', 'application/json', 'text/plain'];
  return preferMediaType(accept, offers) === page.mediaType;
}

/** Status and the headers of the error itself (WWW-Authenticate, Retry-After, Set-Cookie) stay; the body changes. */
function withPage(reply: Reply, page: Page): Reply {
  // Read to its end, so that the backend's connection can be used again; cut off if that takes long.
  discardBody(
    reply.body,
    MAX_DISCARDED_BYTES,
    new ProxyError('client_gone', 'an error page takes its place'),
    () => {},
  );
  const headers = reply.head.headers.toMutable();
  headers.deleteAll(BODY_HEADERS);
  headers.append('Content-Type', page.contentType);
  headers.append('Content-Length', String(page.bytes.length));
  headers.append('Cache-Control', 'no-store');
  varyByAccept(headers);
  return { head: { ...reply.head, headers }, body: bytesBody(page.bytes) };
}

function varyByAccept(headers: HeaderList): void {
  const vary = headers.getJoined('vary');
  if (vary === undefined) headers.append('Vary', 'Accept');
  else if (!/(?:^|,)\s*(?:accept|\*)\s*(?:,|$)/i.test(vary)) headers.set('Vary', `${vary}, Accept`);
}

function pageFor(pages: Pages, status: number): Page | undefined {
  return pages.get(String(status)) ?? pages.get(`${Math.floor(status / 100)}xx`);
}

async function loadPage(path: string): Promise<Page> {
  const { size } = await stat(path).catch((error: Error) => {
    throw new Error(`errors: cannot read ${path}: ${error.message}`, { cause: error });
  });
  if (size > MAX_PAGE_BYTES) throw new Error(`errors: ${path} is larger than 1 MB`);
  const bytes = await readFile(path).catch((error: Error) => {
    throw new Error(`errors: cannot read ${path}: ${error.message}`, { cause: error });
  });
  const contentType = contentTypeOf(path);
  return { bytes, contentType, mediaType: contentType.replace(/;.*$/, '') };
}
