// Which language the body of a response is in, or why it is not to be touched.
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { isBodylessStatus } from '../http/status.ts';
import { parseParameterized, splitList } from '../http/token.ts';

/** What scanners exist for. */
export type Language =
  | 'html'
  | 'xhtml'
  | 'css'
  | 'javascript'
  | 'json'
  | 'manifest'
  | 'importmap'
  | 'speculationrules'
  | 'xml'
  | 'playlist'
  | 'text';

/** Why a body is passed on as it is. */
export type Untouched =
  /** The response has no body. */
  | 'no-body'
  /** 206, or a Content-Range: half a text cannot be rewritten. */
  | 'partial'
  /** Content-Disposition: attachment. Downloads arrive byte for byte. */
  | 'attachment'
  /** Cache-Control: no-transform (RFC 9111 §5.2.2.6). */
  | 'no-transform'
  /** A content coding that cannot be undone. */
  | 'coding'
  /** Subresource integrity: the page that asks for it compares a hash. */
  | 'integrity'
  /** A type in which no URLs are looked for. */
  | 'type';

/** How a body is to be treated. */
export type Selection =
  | {
      readonly language: Language | 'sniff';
      /** The charset that the Content-Type names, lower case. */
      readonly charset: string | undefined;
      /** Content codings to undo, the outermost last (RFC 9110 §8.4). */
      readonly codings: readonly string[];
    }
  | { readonly language: undefined; readonly reason: Untouched };

/** What {@link selectLanguage} looks at. */
export interface ResponseFacts {
  /** The request's method: an answer to HEAD is judged like the one to GET, so that both heads say the same. */
  readonly method: string;
  readonly status: number;
  readonly headers: ReadonlyHeaderList;
  /** The request's Sec-Fetch-Dest, which says what the client will take the body for. */
  readonly destination: string | undefined;
  /** Whether the client will check the body against a hash: its URL was seen with `integrity`. */
  readonly hasIntegrity?: boolean;
}

/** Choices of the configuration. */
export interface SelectOptions {
  /** Whether text/plain and text/csv are searched for authorities. Default false: they are data. */
  readonly plainText?: boolean;
  /** By media type, lower case: a language instead of the usual one, or `off`. */
  readonly types?: ReadonlyMap<string, Language | 'off'>;
  /** Which content codings can be undone. Default gzip, deflate and br. */
  readonly codings?: ReadonlySet<string>;
}

const DEFAULT_CODINGS: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br']);

/** Decides from the heads alone. `sniff` means that the first bytes must tell: see {@link sniffLanguage}. */
export function selectLanguage(facts: ResponseFacts, options: SelectOptions = {}): Selection {
  const { headers, status } = facts;
  if (isBodylessStatus(status)) return untouched('no-body');
  if (status === 206 || headers.has('content-range')) return untouched('partial');
  if (isAttachment(headers)) return untouched('attachment');
  if (isNoTransform(headers)) return untouched('no-transform');
  if (facts.hasIntegrity) return untouched('integrity');
  const codings = readCodings(headers);
  const known = options.codings ?? DEFAULT_CODINGS;
  if (!codings.every((coding) => known.has(coding))) return untouched('coding');
  const { value, parameters } = parseParameterized(headers.get('content-type') ?? '');
  const type = value.toLowerCase();
  const isNoSniff = headers.get('x-content-type-options')?.trim().toLowerCase() === 'nosniff';
  const language = languageFor(type, facts.destination, isNoSniff, options);
  return language === undefined
    ? untouched('type')
    : { language, charset: parameters.get('charset')?.trim().toLowerCase(), codings };
}

function untouched(reason: Untouched): Selection {
  return { language: undefined, reason };
}

function isAttachment(headers: ReadonlyHeaderList): boolean {
  const disposition = headers.get('content-disposition');
  return disposition !== undefined && parseParameterized(disposition).value.toLowerCase() === 'attachment';
}

function isNoTransform(headers: ReadonlyHeaderList): boolean {
  const value = headers.getJoined('cache-control');
  return value !== undefined && splitList(value).some((directive) => directive.toLowerCase() === 'no-transform');
}

function readCodings(headers: ReadonlyHeaderList): string[] {
  const codings = splitList(headers.getJoined('content-encoding') ?? '').map((coding) => coding.toLowerCase());
  return codings.filter((coding) => coding !== 'identity');
}

const BY_TYPE: ReadonlyMap<string, Language> = new Map([
  ['text/html', 'html'],
  ['text/vnd.turbo-stream.html', 'html'],
  ['application/xhtml+xml', 'xhtml'],
  ['text/css', 'css'],
  ['application/manifest+json', 'manifest'],
  ['application/x-web-app-manifest+json', 'manifest'],
  ['application/importmap+json', 'importmap'],
  ['application/speculationrules+json', 'speculationrules'],
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['application/x-json', 'json'],
  ['text/x-json', 'json'],
  ['application/x-ndjson', 'json'],
  ['application/ndjson', 'json'],
  ['application/jsonl', 'json'],
  ['application/x-jsonlines', 'json'],
  ['application/json-seq', 'json'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['text/xsl', 'xml'],
  ['text/event-stream', 'text'],
  // The stream of React server components: lines of JSON with a prefix.
  ['text/x-component', 'text'],
  ['application/yaml', 'text'],
  ['application/x-yaml', 'text'],
  ['text/yaml', 'text'],
  ['text/x-yaml', 'text'],
  ['application/vnd.oai.openapi', 'text'],
  ['application/vnd.apple.mpegurl', 'playlist'],
  ['application/x-mpegurl', 'playlist'],
  ['application/mpegurl', 'playlist'],
  ['audio/mpegurl', 'playlist'],
  ['audio/x-mpegurl', 'playlist'],
]);

/** JavaScript MIME types (MIME Sniffing §4.6). */
const JAVASCRIPT =
  /^(?:(?:text|application)\/(?:x-)?(?:java|ecma)script|text\/(?:javascript1\.[0-5]|jscript|livescript))$/;
/** XML whose bytes are usually signed: a change voids it. */
const SIGNED_XML = new Set(['application/samlmetadata+xml', 'application/samlassertion+xml']);
const SCRIPT_DESTINATIONS = new Set([
  'script',
  'worker',
  'sharedworker',
  'serviceworker',
  'audioworklet',
  'paintworklet',
]);
/** Types that browsers do not run as a script, whatever asks for it (Fetch standard, "should response be blocked"). */
const NEVER_SCRIPT = /^(?:audio|image|video)\/|^text\/csv$/;

function languageFor(
  type: string,
  destination: string | undefined,
  isNoSniff: boolean,
  options: SelectOptions,
): Language | 'sniff' | undefined {
  const chosen = options.types?.get(type);
  if (chosen !== undefined) return chosen === 'off' ? undefined : chosen;
  const byType = languageOfType(type);
  if (destination === 'manifest' && (byType === 'json' || byType === undefined)) return 'manifest';
  if (byType !== undefined) return byType;
  if (SCRIPT_DESTINATIONS.has(destination ?? '') && !isNoSniff && !NEVER_SCRIPT.test(type)) return 'javascript';
  if (type === '') {
    if (destination === 'style') return 'css';
    return isNoSniff ? undefined : 'sniff';
  }
  return options.plainText && (type === 'text/plain' || type === 'text/csv') ? 'text' : undefined;
}

/** The language of a media type without parameters, lower case; undefined for one that is left alone. */
export function languageOfType(type: string): Language | undefined {
  const known = BY_TYPE.get(type);
  if (known !== undefined) return known;
  if (JAVASCRIPT.test(type)) return 'javascript';
  if (type.endsWith('+json')) return 'json';
  return type.endsWith('+xml') && !SIGNED_XML.has(type) ? 'xml' : undefined;
}

/** How much of a body {@link sniffLanguage} looks at: as much as browsers do (MIME Sniffing §5.2). */
export const SNIFF_BYTES = 512;

/** The tags that make an unlabelled body HTML (MIME Sniffing §7.1); each must be followed by a space or `>`. */
const HTML_TAGS = [
  '<!doctype html',
  '<html',
  '<head',
  '<script',
  '<iframe',
  '<h1',
  '<div',
  '<font',
  '<table',
  '<a',
  '<style',
  '<title',
  '<b',
  '<body',
  '<br',
  '<p',
];

/**
 * What an unlabelled body is, from its first bytes as latin1 text: a language, `none`, or undefined if more bytes are
 * needed, which they never are once {@link SNIFF_BYTES} have come or `isWhole` is true.
 */
export function sniffLanguage(head: string, isWhole: boolean): Language | 'none' | undefined {
  const canGrow = !isWhole && head.length < SNIFF_BYTES;
  if (canGrow && '\xef\xbb\xbf'.startsWith(head)) return undefined;
  const text = head
    .replace(/^\xef\xbb\xbf/, '')
    .replace(/^[\t\n\f\r ]+/, '')
    .toLowerCase();
  if (text === '') return canGrow ? undefined : 'none';
  if (text.startsWith('<!--')) return 'html';
  if (text.startsWith('<?xml')) return 'xml';
  for (const tag of HTML_TAGS) if (text.startsWith(tag) && /^[ >]/.test(text.slice(tag.length))) return 'html';
  const isOpen = canGrow && [...HTML_TAGS, '<!--', '<?xml'].some((mark) => mark.startsWith(text) || text === mark);
  return isOpen ? undefined : 'none';
}
