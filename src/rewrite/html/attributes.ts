// Which attributes hold URLs, and in which form: the table of the HTML rewriter.
import { NameTable } from './name-table.ts';

/** How the value of an attribute is read. */
export const KIND = {
  /** Text of which nothing is known: backend-absolute URLs are mapped wherever they stand. */
  text: 0,
  /** A URL. */
  url: 1,
  /** Image candidates (HTML, "Parsing a srcset attribute"). */
  srcset: 2,
  /** URLs with white space between them. */
  urls: 3,
  /** CSS: a declaration list, or a value that may be `url(...)`. */
  css: 4,
  /** HTML: the document of an iframe. */
  html: 5,
  /** The value of a `meta`: what it is depends on the other attributes. */
  content: 6,
  /** Never changed: form data, identifiers, digests. */
  kept: 7,
  /** A URL on `object`, else text. */
  objectUrl: 8,
  /** A URL on `html`, else text. */
  htmlUrl: 9,
  /** A URL on a `param` that is known to hold one, form data elsewhere. */
  value: 10,
  /** A content security policy. */
  policy: 11,
  /** Makes the rewriter leave the element alone. */
  optOut: 12,
} as const;

const NAMES_BY_KIND: Readonly<Record<Exclude<keyof typeof KIND, 'text'>, string>> = {
  url:
    'href src action formaction poster cite background longdesc xlink:href xml:base codebase lowsrc dynsrc ' +
    'pluginspage icon',
  srcset: 'srcset imagesrcset',
  urls: 'ping attributionsrc archive',
  // The SVG presentation attributes that take a `url()`.
  css: 'style fill stroke filter clip-path mask marker marker-start marker-mid marker-end cursor',
  html: 'srcdoc',
  content: 'content',
  kept:
    'integrity nonce id name class type itemtype itemid itemprop itemref rel rev property typeof vocab about resource ' +
    'datatype prefix xmlns for usemap http-equiv crossorigin',
  objectUrl: 'data',
  htmlUrl: 'manifest',
  value: 'value',
  policy: 'csp',
  optOut: 'data-no-rewrite',
};

/** Attributes that are looked up by themselves. */
export const ATTRIBUTE = {
  href: 1,
  src: 2,
  type: 3,
  language: 4,
  rel: 5,
  name: 6,
  property: 7,
  itemprop: 8,
  'http-equiv': 9,
  integrity: 10,
  nonce: 11,
} as const;

/**
 * How an `integrity` attribute may end to be noticed: the search for them is what every page pays. Nobody writes the letters
 * in cases of their own.
 */
export const INTEGRITY_ENDS = ['grity', 'GRITY'] as const;

const numbers = numberNames();

/** Finds an attribute's number by the bytes of its name; 0 is every attribute that is text. */
export const ATTRIBUTES = new NameTable(numbers);

/** By attribute number: a value of {@link KIND}. */
export const KIND_OF: Readonly<Uint8Array> = kindTable();

function numberNames(): Map<string, number> {
  const names = new Map<string, number>(Object.entries(ATTRIBUTE));
  for (const list of Object.values(NAMES_BY_KIND)) {
    for (const name of list.split(' ')) if (!names.has(name)) names.set(name, names.size + 1);
  }
  return names;
}

function kindTable(): Uint8Array {
  const table = new Uint8Array(numbers.size + 1);
  for (const kind of Object.keys(NAMES_BY_KIND) as (keyof typeof NAMES_BY_KIND)[]) {
    for (const name of NAMES_BY_KIND[kind].split(' ')) table[numbers.get(name) ?? 0] = KIND[kind];
  }
  return table;
}
