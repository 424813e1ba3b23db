// The answers for folders: the redirect to the slash at their end, and the list of what is in them.
import { bytesBody, emptyBody } from '../../exchange/body.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import { HeaderList } from '../../http/header-list.ts';
import { preferMediaType } from '../../http/negotiation.ts';
import { reasonPhrase } from '../../http/status.ts';
import { FOLDER_PAGE_POLICY, type FolderListing, printFolderJson, printFolderPage } from './folder-page.ts';

/**
 * Sends the client to the same path with a slash behind it, query kept, so that relative links in the folder's page
 * work. The Location is relative (RFC 9110 §10.2.2): it is right behind every proxy that changes the path in front
 * of us, and cannot lead to another host, which a path such as `//evil.example` would as an absolute one.
 */
export function redirectToFolder(exchange: Exchange): Reply {
  const { path, query } = exchange.request.target;
  const segment = path.slice(path.lastIndexOf('/') + 1);
  const location = `./${segment}/${query === undefined ? '' : `?${query}`}`;
  const headers = HeaderList.from({ Location: location, 'Content-Length': '0' });
  return { head: { status: 308, reason: reasonPhrase(308), headers }, body: emptyBody };
}

/** Shows a folder as HTML, or as JSON to who prefers that. */
export function answerWithListing(exchange: Exchange, listing: FolderListing): Reply {
  const { method, headers: requested } = exchange.request;
  const mediaType = preferMediaType(requested.getJoined('accept'), ['text/html', 'application/json']);
  const isJson = mediaType === 'application/json';
  const text = isJson ? printFolderJson(listing) : printFolderPage(listing);
  const bytes = Buffer.from(text, 'utf8');
  const headers = HeaderList.from([
    ['Content-Type', isJson ? 'application/json' : 'text/html; charset=utf-8'],
    ['Content-Length', String(bytes.length)],
    ['Cache-Control', 'no-cache'],
    ['Vary', 'Accept'],
    ['X-Content-Type-Options', 'nosniff'],
  ]);
  if (!isJson) headers.append('Content-Security-Policy', FOLDER_PAGE_POLICY);
  const body = method === 'HEAD' ? emptyBody : bytesBody(bytes);
  return { head: { status: 200, reason: reasonPhrase(200), headers }, body };
}
