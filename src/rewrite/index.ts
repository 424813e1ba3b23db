// The library `portico/rewrite`: the URL map of a mount, and web-standard streams that rewrite bodies with it.
import { TransformStream } from 'node:stream/web';
import type { Sink, Transform } from '../exchange/body.ts';
import { HeaderList } from '../http/header-list.ts';
import { parseBaseUrl } from './base-url.ts';
import { defaultHeaderPolicy, headersToPublic } from './headers.ts';
import { type BodyFacts, rewriteTransform } from './languages.ts';
import type { ScanOptions } from './scan-options.ts';
import { selectLanguage } from './select.ts';
import { type PrefixPolicy, UrlMap } from './url-map.ts';

export { AuthorityMatcher } from './authority-matcher.ts';
export { type BaseUrl, parseBaseUrl } from './base-url.ts';
export { type Leak, LeakDetector } from './leaks.ts';
export { MountMap, type MountMapOptions } from './mount-map.ts';
export type { ScanOptions } from './scan-options.ts';
export { type CrossLink, type PrefixPolicy, UrlMap, type UrlMapOptions } from './url-map.ts';

/** What {@link createUrlMap} takes: base URLs as text. */
export interface MapOptions {
  /** Where clients see the application, such as `https://example.com/app/`. */
  readonly public: string;
  /** Where it is, such as `http://127.0.0.1:8080/`. */
  readonly backend: string;
  /** Other names of the same backend. */
  readonly also?: readonly string[];
  /** What to do with paths below the public base that the application writes itself. Default `auto`. */
  readonly prefix?: PrefixPolicy;
  /** Whether percent-encoded URLs in queries are mapped. Default true. */
  readonly nested?: boolean;
}

/** A {@link UrlMap} from texts. Throws a SyntaxError for what is no base URL. */
export function createUrlMap(options: MapOptions): UrlMap {
  const { prefix, nested } = options;
  return new UrlMap({
    public: parseBaseUrl(options.public),
    backend: parseBaseUrl(options.backend),
    also: (options.also ?? []).map(parseBaseUrl),
    ...(prefix === undefined ? {} : { prefix }),
    ...(nested === undefined ? {} : { nested }),
  });
}

/**
 * A stream that rewrites the body of a response with this Content-Type (null: none, it is then sniffed). Bodies in
 * which nothing is rewritten pass as they are. Content codings must be undone before.
 *
 *     const map = createUrlMap({ public: 'https://example.com/app/', backend: 'http://127.0.0.1:8080/' });
 *     body.pipeThrough(rewriteStream(map, 'text/html'))
 */
export function rewriteStream(
  map: UrlMap,
  contentType: string | null,
  options: ScanOptions = {},
): TransformStream<Uint8Array, Uint8Array> {
  const headers = HeaderList.from(contentType === null ? {} : { 'Content-Type': contentType });
  const selection = selectLanguage({ method: 'GET', status: 200, headers, destination: undefined });
  if (selection.language === undefined) return new TransformStream();
  return toStream(rewriteTransform(map, selection satisfies BodyFacts, options));
}

/**
 * A `Response` as a client of the public base is to see it: headers mapped, body rewritten, and what is no longer true
 * of it taken away. For runtimes whose fetch undoes content codings, as the standard one does.
 */
export function rewriteResponse(response: Response, map: UrlMap, options: ScanOptions = {}): Response {
  const received = HeaderList.from([...response.headers].filter(([name]) => name !== 'content-encoding'));
  const headers = headersToPublic(received, map, defaultHeaderPolicy(map.public.path)).toMutable();
  const { status, statusText } = response;
  const selection = selectLanguage({ method: 'GET', status, headers: received, destination: undefined });
  const isRewritten = selection.language !== undefined && response.body !== null;
  if (isRewritten)
    for (const name of ['content-length', 'accept-ranges', 'etag', 'content-digest']) headers.delete(name);
  const stream = isRewritten ? toStream(rewriteTransform(map, selection, options)) : undefined;
  const body = stream === undefined ? response.body : response.body?.pipeThrough(stream);
  return new Response(body ?? null, {
    status,
    statusText,
    headers: [...headers].map(([name, value]) => [name, value]),
  });
}

/** A Transform of ours as a web stream. Back-pressure is that of the stream: what was written is queued in it. */
function toStream(transform: Transform): TransformStream<Uint8Array, Uint8Array> {
  let sink: Sink | undefined;
  return new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      sink = transform({
        onDrained: undefined,
        write(chunk, release) {
          controller.enqueue(release === undefined ? chunk : Uint8Array.from(chunk));
          release?.();
          return true;
        },
        end: () => {},
        abort: (error) => controller.error(error),
      });
    },
    transform(chunk) {
      sink?.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    },
    flush() {
      sink?.end();
    },
  });
}
