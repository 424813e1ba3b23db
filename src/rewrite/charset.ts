// Character encodings: which one a text is in, and whether its markup can be found among its bytes.
import type { Language } from './select.ts';

/** How an encoding is dealt with. */
export type CharsetKind =
  /** A byte below 80 is always the ASCII character: scanned as it is. UTF-8, the ISO 8859 and windows families, EUC. */
  | 'ascii'
  /** Two-byte characters whose second byte can look like `\` or `{`: scanned with `leadBytes`. */
  | 'double-byte'
  | 'utf-16le'
  | 'utf-16be'
  /** Escape sequences change what bytes mean: not touched. ISO-2022, HZ, UTF-7, UTF-32, EBCDIC. */
  | 'opaque';

const DOUBLE_BYTE =
  /^(?:shift[_-]jis|sjis|ms_kanji|ms932|csshiftjis|windows-31j|x-sjis|gbk|gb2312|gb_2312(?:-80)?|gb18030|chinese|csgb2312|x-gbk|big5(?:-hkscs)?|cn-big5|x-x-big5|csbig5)$/;
const OPAQUE =
  /^(?:iso-2022-|csiso2022|hz-gb-2312|utf-7|utf7|x-utf-7|unicode-1-1-utf-7|utf-32|utf32|ucs-4|ibm0|cp037|ebcdic)/;

/** Classifies an encoding label (Encoding standard §4.2), any case. Unknown labels count as ASCII, as in browsers. */
export function classifyCharset(label: string): CharsetKind {
  const name = label.trim().toLowerCase();
  if (name === 'utf-16be' || name === 'unicodefffe') return 'utf-16be';
  if (/^(?:utf-16(?:le)?|ucs-2|unicode|csunicode|iso-10646-ucs-2|unicodefeff)$/.test(name)) return 'utf-16le';
  if (DOUBLE_BYTE.test(name)) return 'double-byte';
  return OPAQUE.test(name) ? 'opaque' : 'ascii';
}

/** The first bytes of two-byte characters: 81–FE but for the half-width katakana of Shift_JIS. */
export function leadBytesOf(label: string): Readonly<Uint8Array> {
  const isJapanese = /jis|932|31j/i.test(label);
  return isJapanese ? JAPANESE : CHINESE;
}

const CHINESE = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x81 && byte <= 0xfe ? 1 : 0));
const JAPANESE = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc) ? 1 : 0,
);

/** How many bytes of a text are looked through for its encoding (HTML standard §13.2.3.2). */
export const PRESCAN_BYTES = 1024;

/** The encoding of a text: its label as far as known, and what that means for us. */
export interface Charset {
  readonly label: string | undefined;
  readonly kind: CharsetKind;
}

/**
 * The encoding of a body: byte order mark, then the Content-Type, then what the text says of itself. `head` is its
 * beginning as latin1. Undefined if more of it is needed, which it never is once {@link PRESCAN_BYTES} have come or
 * `isWhole` is true.
 */
export function detectCharset(
  head: string,
  isWhole: boolean,
  declared: string | undefined,
  language: Language,
): Charset | undefined {
  const canGrow = !isWhole && head.length < PRESCAN_BYTES;
  if (
    canGrow &&
    (head === '' || ['\xef\xbb\xbf', '\xff\xfe', '\xfe\xff'].some((mark) => mark !== head && mark.startsWith(head)))
  )
    return undefined;
  if (head.startsWith('\xef\xbb\xbf')) return { label: 'utf-8', kind: 'ascii' };
  if (head.startsWith('\xff\xfe')) return { label: 'utf-16le', kind: 'utf-16le' };
  if (head.startsWith('\xfe\xff')) return { label: 'utf-16be', kind: 'utf-16be' };
  if (declared !== undefined && declared !== '') return { label: declared, kind: classifyCharset(declared) };
  const label = readOwnLabel(head, canGrow, language);
  if (label === 'more') return undefined;
  const kind = label === undefined ? 'ascii' : classifyCharset(label);
  // A text that could be read so far is not in UTF-16: the standards take the label for UTF-8 then.
  return { label, kind: kind === 'utf-16le' || kind === 'utf-16be' ? 'ascii' : kind };
}

function readOwnLabel(head: string, canGrow: boolean, language: Language): string | undefined {
  switch (language) {
    case 'html':
      return readMetaLabel(head, canGrow);
    case 'xml':
    case 'xhtml':
      return readXmlLabel(head, canGrow);
    case 'css':
      return readCssLabel(head, canGrow);
    default:
      return undefined;
  }
}

const META = /<meta[\s/][^>]{0,512}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([a-z0-9_:.-]{1,40})[\s"';/>]/i;
/** Behind these no page names its encoding any more. */
const PAST_HEAD = /<body[\s>]|<\/head\s*>/i;

function readMetaLabel(head: string, canGrow: boolean): string | undefined {
  const past = head.search(PAST_HEAD);
  const label = META.exec(past < 0 ? head : head.slice(0, past))?.[1];
  if (label !== undefined) return label;
  return canGrow && past < 0 ? 'more' : undefined;
}

const XML_DECLARATION = /^<\?xml\s[^>]{0,256}?encoding\s{0,8}=\s{0,8}["']([A-Za-z0-9._-]{1,40})["']/;

function readXmlLabel(head: string, canGrow: boolean): string | undefined {
  if (canGrow && '<?xml '.startsWith(head.slice(0, 6)) && !head.includes('>')) return 'more';
  return XML_DECLARATION.exec(head)?.[1];
}

function readCssLabel(head: string, canGrow: boolean): string | undefined {
  const sign = '@charset "';
  if (canGrow && (sign.startsWith(head) || (head.startsWith(sign) && !head.includes('";')))) return 'more';
  return /^@charset "([\x20-\x21\x23-\x7e]{1,40})";/.exec(head)?.[1];
}
