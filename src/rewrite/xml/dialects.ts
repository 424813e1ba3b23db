// The XML formats whose elements and attributes we know: where URLs stand, also root-relative ones, and where identifiers do.

/** What the value of an attribute is. */
export type XmlMeaning = 'url' | 'css' | 'script' | 'identifier' | 'location-pairs' | 'text';

/** One format. Names are local names, compared exactly. */
export interface XmlDialect {
  /** Elements whose whole text is a URL. */
  readonly urlElements: ReadonlySet<string>;
  readonly urlAttributes: ReadonlySet<string>;
  /** Elements whose text is an identifier, compared and never fetched. */
  readonly identifierElements: ReadonlySet<string>;
  /** Whether `style`, `script`, style attributes and presentation attributes are looked into. */
  readonly isGraphic: boolean;
}

const NONE: ReadonlySet<string> = new Set();

function dialect(parts: Partial<XmlDialect>): XmlDialect {
  return { urlElements: NONE, urlAttributes: NONE, identifierElements: NONE, isGraphic: false, ...parts };
}

const SVG = dialect({ urlAttributes: new Set(['href', 'src', 'base']), isGraphic: true });
/** RFC 4918 §14.7: every URL of WebDAV, CalDAV and CardDAV stands in an `href`. */
const DAV = dialect({ urlElements: new Set(['href']) });
/** RFC 4287; `id` must not change when a feed moves (§4.2.6). */
const ATOM = dialect({
  urlElements: new Set(['uri', 'icon', 'logo']),
  urlAttributes: new Set(['href', 'src', 'base']),
  identifierElements: new Set(['id']),
});
/** RSS 2.0 and 1.0. A guid that is no permalink is an identifier: see {@link isIdentifierElement}. */
const RSS = dialect({
  urlElements: new Set(['link', 'url', 'docs', 'comments']),
  urlAttributes: new Set(['href', 'url']),
});
/** MPEG-DASH, ISO/IEC 23009-1. */
const DASH = dialect({
  urlElements: new Set(['BaseURL', 'Location', 'PatchLocation']),
  urlAttributes: new Set(['media', 'initialization', 'index', 'sourceURL', 'href']),
});
const WSDL = dialect({ urlAttributes: new Set(['location', 'schemaLocation']) });
const OPEN_SEARCH = dialect({
  urlElements: new Set(['Image', 'SearchForm']),
  urlAttributes: new Set(['template', 'href']),
});
const XSLT = dialect({ urlAttributes: new Set(['href']) });

const BY_ROOT: Readonly<Record<string, XmlDialect>> = {
  svg: SVG,
  multistatus: DAV,
  prop: DAV,
  error: DAV,
  feed: ATOM,
  entry: ATOM,
  rss: RSS,
  RDF: RSS,
  MPD: DASH,
  definitions: WSDL,
  description: WSDL,
  schema: WSDL,
  OpenSearchDescription: OPEN_SEARCH,
  Url: OPEN_SEARCH,
  stylesheet: XSLT,
  transform: XSLT,
};

/** The format of a document by its root element; undefined for one that is searched for authorities only. */
export function dialectOf(root: string): XmlDialect | undefined {
  const name = localName(root);
  return Object.hasOwn(BY_ROOT, name) ? BY_ROOT[name] : undefined;
}

/** A name without its namespace prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** Attributes that name something; mapping them would break the comparison they exist for. */
const IDENTIFIERS = new Set([
  'targetNamespace',
  'namespace',
  'soapAction',
  'schemeIdUri',
  'systemId',
  'publicId',
  'itemtype',
]);
const PRESENTATION = new Set([
  'fill',
  'stroke',
  'filter',
  'clip-path',
  'mask',
  'marker',
  'marker-start',
  'marker-mid',
  'marker-end',
  'cursor',
]);

/** How many different attribute names of a dialect are remembered with their meaning. */
const REMEMBERED_NAMES = 512;
const remembered = new WeakMap<XmlDialect, Map<string, XmlMeaning>>();

/** What an attribute's value is in `dialect` (undefined: any XML). */
export function attributeMeaning(name: string, dialect: XmlDialect | undefined): XmlMeaning {
  if (dialect === undefined) return meaningOf(name, dialect);
  let known = remembered.get(dialect);
  if (known === undefined) remembered.set(dialect, (known = new Map()));
  let meaning = known.get(name);
  if (meaning === undefined) {
    meaning = meaningOf(name, dialect);
    if (known.size < REMEMBERED_NAMES) known.set(name, meaning);
  }
  return meaning;
}

function meaningOf(name: string, dialect: XmlDialect | undefined): XmlMeaning {
  if (name === 'xmlns' || name.startsWith('xmlns:')) return 'identifier';
  const local = localName(name);
  if (local === 'schemaLocation' && name !== local) return 'location-pairs';
  if (IDENTIFIERS.has(local)) return 'identifier';
  if (dialect === undefined) return 'text';
  if (dialect.urlAttributes.has(local)) return 'url';
  if (!dialect.isGraphic) return 'text';
  if (local === 'style' || PRESENTATION.has(local)) return 'css';
  return /^on[a-z]/.test(local) ? 'script' : 'text';
}

/** Whether the text of an element is an identifier, given its start tag. */
export function isIdentifierElement(name: string, tag: string, dialect: XmlDialect): boolean {
  const local = localName(name);
  return dialect.identifierElements.has(local) || (local === 'guid' && /\sisPermaLink\s*=\s*["']false/i.test(tag));
}
