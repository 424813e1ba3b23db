// Maps the URLs in what applications hand to the browser as text: styles, markup, image candidates, cookies.
import type { ShimConfig } from './config.ts';
import type { MapUrl } from './mapper.ts';

/** Maps text of one kind. */
export type MapText = (text: string) => string;

/** The kinds of text, by the letters that the tables of hooks use. */
export interface TextMaps {
  /** A URL. */
  readonly u: MapText;
  /** CSS. */
  readonly c: MapText;
  /** Markup. */
  readonly h: MapText;
  /** Image candidates. */
  readonly s: MapText;
  /** URLs with white space between them. */
  readonly l: MapText;
  /** A line for `document.cookie`. */
  readonly k: MapText;
  /** The path of a cookie. */
  readonly p: MapText;
}

/** The letter for the value of an attribute, or undefined for one that holds no URL. */
export function kindOfAttribute(name: string, element: string): keyof TextMaps | undefined {
  const lower = name.toLowerCase();
  if (lower === 'data' && element !== 'object') return undefined;
  return KINDS.find((kind) => ATTRIBUTES[kind].includes(` ${lower} `));
}

const ATTRIBUTES = {
  u: ' href src action formaction data poster xlink:href background cite longdesc ',
  s: ' srcset imagesrcset ',
  c: ' style fill stroke filter clip-path mask cursor ',
  l: ' ping attributionsrc ',
  h: ' srcdoc ',
};
const KINDS = Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[];

/** Whether a cookie line or name says that the path must stay `/` (RFC 6265bis §4.1.3.2). */
export const isHostOnly = (text: string) => /^\s*__host-/i.test(text);

const CSS_URL = /(url\(\s*(?:["']|&quot;|&#3[49];)?|@import\s+["'])([^"')&\s]+)/gi;
const INSIDE_TAG = `(?:"[^"]*"|'[^']*'|[^'">])*>`;
/** Comments, elements with raw text, start tags. */
const MARKUP = new RegExp(
  `<!--[^]*?-->|(<(script|style|textarea|title|xmp)\\b${INSIDE_TAG})([^]*?)(?=</\\2|$)|<([a-z][^\\s/>]*)${INSIDE_TAG}`,
  'gi',
);
/** An image candidate's URL: behind a comma, and without those at its end. */
const CANDIDATE = /((?:^|,)\s*)([^\s,]\S*?)(?=,*(?:\s|$))/g;
const ATTRIBUTE = /([^\s"'<>/=]+)(\s*=\s*["']?)((?<=")[^"]*|(?<=')[^']*|[^\s"'>]+)/g;

/** Makes the maps of a page. */
export function createTextMaps(map: MapUrl, { path, base }: ShimConfig): TextMaps {
  /** Maps what stands behind the first group of a pattern. */
  const behind = (pattern: RegExp, mapFound: MapText) => (text: string) =>
    text.replace(pattern, (_, front: string, found: string) => front + mapFound(found));
  const css = behind(CSS_URL, map);

  const tag = (text: string, element: string) =>
    text.replace(ATTRIBUTE, (whole, name: string, equals: string, value: string) => {
      const kind = kindOfAttribute(name, element.toLowerCase());
      // A document in an attribute has its escapes on.
      return kind && kind !== 'h' ? name + equals + maps[kind](value) : whole;
    });

  const html = (text: string) =>
    text.replace(MARKUP, (whole, open?: string, raw = '', content = '', element = '') => {
      if (open) return tag(open, raw) + (/^style$/i.test(raw) ? css(content) : content);
      return element ? tag(whole, element) : whole;
    });

  /** As `cookiePathToPublic` does it: without a slash at the end, so that the bare path of the mount matches. */
  const cookiePath = (value: string) => {
    if (value[0] !== '/' || path === base) return value;
    const covers = base.startsWith(value.replace(/\/?$/, '/'));
    const mapped = covers ? path : map(value);
    return mapped === path ? path.slice(0, -1) || '/' : mapped;
  };

  const lineWithPath = behind(/(;\s*path\s*=\s*)([^;]*)/gi, (value) => cookiePath(value.trim()));
  const cookie = (line: string) => (isHostOnly(line) ? line : lineWithPath(line));

  const maps: TextMaps = {
    u: map,
    c: css,
    h: html,
    s: behind(CANDIDATE, map),
    l: (text) => text.replace(/\S+/g, map),
    k: cookie,
    p: cookiePath,
  };
  return maps;
}
