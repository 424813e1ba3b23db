// Media types by file name: the only file that knows the `mime-types` package.
import { lookup } from 'mime-types';

/** What a file is called whose name says nothing: browsers save it instead of guessing (RFC 9110 §8.3). */
export const UNKNOWN_MEDIA_TYPE = 'application/octet-stream';

/** Names that the package does not know, or knows by a type that no browser runs. */
const ADDITIONS: ReadonlyMap<string, string> = new Map([
  ['cjs', 'text/javascript'],
  ['jsonl', 'application/jsonl'],
  ['ndjson', 'application/x-ndjson'],
  ['zst', 'application/zstd'],
]);

/**
 * The Content-Type of a file by the extension of its name: `text/html; charset=utf-8` for `index.html`. Text types say UTF-8;
 * XML does not, because its prolog does (RFC 7303 §3), nor JSON, which has no such parameter (RFC 8259 §11).
 */
export function contentTypeOf(fileName: string): string {
  const extension = extensionOf(fileName);
  if (extension === '') return UNKNOWN_MEDIA_TYPE;
  const mediaType = ADDITIONS.get(extension) ?? (lookup(`.${extension}`) || UNKNOWN_MEDIA_TYPE);
  return mediaType.startsWith('text/') && mediaType !== 'text/xml' ? `${mediaType}; charset=utf-8` : mediaType;
}

/** The extension of a file name in lower case, without its dot; empty for `README` and for `.profile`. */
export function extensionOf(fileName: string): string {
  const base = fileName.slice(fileName.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot <= 0 ? '' : base.slice(dot + 1).toLowerCase();
}
