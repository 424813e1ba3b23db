// Text that others chose, made fit for logs: what comes out is printable ASCII, so that nobody forges a line or a control.

const UNSAFE_IN_JSON = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const UNSAFE_IN_QUOTES = UNSAFE_IN_JSON;
const UNSAFE_IN_WORD = /[^\x21\x23-\x5b\x5d-\x7e]/;
const EACH_UNSAFE_IN_JSON = new RegExp(UNSAFE_IN_JSON, 'g');
const EACH_UNSAFE_IN_QUOTES = EACH_UNSAFE_IN_JSON;
const EACH_UNSAFE_IN_WORD = new RegExp(UNSAFE_IN_WORD, 'g');

/** `text` as the inside of a JSON string (RFC 8259 §7), everything beyond ASCII escaped too. */
export function escapeJson(text: string): string {
  return UNSAFE_IN_JSON.test(text) ? text.replace(EACH_UNSAFE_IN_JSON, printJsonEscape) : text;
}

/**
 * {@link escapeJson} for octets as they were received, one character each: what is UTF-8 is shown as the characters
 * it stands for, anything else octet by octet.
 */
export function escapeJsonOctets(octets: string): string {
  return UNSAFE_IN_JSON.test(octets) ? escapeJson(decodeOctets(octets)) : octets;
}

/** `text` for between double quotes: quotes, backslashes, controls and all beyond ASCII become `\xHH`. */
export function escapeQuoted(text: string): string {
  return UNSAFE_IN_QUOTES.test(text) ? toOctets(text).replace(EACH_UNSAFE_IN_QUOTES, printOctetEscape) : text;
}

/** {@link escapeQuoted} for a word without quotes: a space becomes `\x20` too, and nothing at all is `-`. */
export function escapeWord(text: string): string {
  if (text === '') return '-';
  return UNSAFE_IN_WORD.test(text) ? toOctets(text).replace(EACH_UNSAFE_IN_WORD, printOctetEscape) : text;
}

/** The first `length` characters of `text`, with `...` behind them where some are missing. */
export function truncate(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

const ENTRIES_LIMIT = 512;
const CACHED_LENGTH_LIMIT = 512;

/**
 * Remembers what `escape` made of texts that come again and again, such as host names and user agents. Bounded: short
 * texts only, and it starts anew when it is full, so that a client who sends ever new ones costs time but no memory.
 */
export class EscapeCache {
  readonly #escapeText: (text: string) => string;
  readonly #known = new Map<string, string>();

  constructor(escapeText: (text: string) => string) {
    this.#escapeText = escapeText;
  }

  get(text: string): string {
    return this.#known.get(text) ?? this.#add(text);
  }

  get size(): number {
    return this.#known.size;
  }

  #add(text: string): string {
    if (text.length > CACHED_LENGTH_LIMIT) return this.#escapeText(text);
    if (this.#known.size >= ENTRIES_LIMIT) this.#known.clear();
    const own = copyOf(text);
    const escaped = this.#escapeText(own);
    this.#known.set(own, escaped);
    return escaped;
  }
}

function printJsonEscape(character: string): string {
  if (character === '"') return '\\"';
  if (character === '\\') return '\\\\';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function printOctetEscape(octet: string): string {
  return `\\x${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A header value is a window on its whole head inside V8, which would stay in memory with it. */
function copyOf(text: string): string {
  const encoding = /[^\0-\xff]/.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeOctets(octets: string): string {
  if (!/[\x80-\xff]/.test(octets) || /[^\0-\xff]/.test(octets)) return octets;
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return octets;
  }
}

/** Text with characters above FF is no sequence of octets yet. */
function toOctets(text: string): string {
  return /[^\0-\xff]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
