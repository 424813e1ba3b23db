// The two spellings of a public address in the path, and the question whether a path is one of them in any disguise.

/**
 * `nevow`: `/vhost/<scheme>/<host[:port]>/<path>`, the path being the same on both sides.
 * `zope`: `/VirtualHostBase/<scheme>/<host:port>/<inner path>/VirtualHostRoot/_vh_<prefix>/<path>`, which knows prefixes.
 */
export type Dialect = 'nevow' | 'zope';

/** A form that a front writes and a backend reads. Both sides must use the same one. */
export interface VhostForm {
  readonly dialect: Dialect;
  /** The first segment with its slash: `/vhost` unless chosen otherwise, always `/VirtualHostBase` for zope. */
  readonly mount: string;
  /**
   * Speak with the original programs and share their habits: https without a port means port 80 for nevow, an omitted
   * port keeps the backend's own for zope, a form inside a form wins. Needed for what they wrote, never for what we write.
   */
  readonly compat: boolean;
}

/** How people choose a form; everything has a default. */
export interface VhostFormOptions {
  readonly dialect?: Dialect | undefined;
  readonly mount?: string | undefined;
  readonly compat?: boolean | undefined;
}

const ZOPE_BASE = 'VirtualHostBase';
const ZOPE_ROOT = 'VirtualHostRoot';
const MOUNT = /^\/(?!\.{1,2}$)[A-Za-z0-9._~-]+$/;

/** The keywords of the zope dialect, which are segments of their own, and how it marks a segment of the prefix. */
export const ZOPE_KEYWORDS = { base: ZOPE_BASE, root: ZOPE_ROOT, prefixMark: '_vh_' } as const;

/** A form with its defaults. Throws a RangeError for a mount that is not one plain segment, or that zope cannot have. */
export function vhostForm(options: VhostFormOptions = {}): VhostForm {
  const { dialect = 'nevow', compat = false } = options;
  const mount = options.mount ?? (dialect === 'zope' ? `/${ZOPE_BASE}` : '/vhost');
  if (!isVhostMount(mount))
    throw new RangeError(
      `Cannot use "${mount}" as mount: write one segment of letters, digits and -._~, such as /vhost`,
    );
  if (dialect === 'zope' && mount !== `/${ZOPE_BASE}`)
    throw new RangeError(`Cannot use "${mount}" as mount: the zope dialect always starts with /${ZOPE_BASE}`);
  return { dialect, mount, compat };
}

/** Whether `text` can be the mount of a form: a slash and one plain segment. */
export function isVhostMount(text: string): boolean {
  return MOUNT.test(text);
}

/**
 * Whether the first segment of `path` is that of one of `forms`, in any spelling that some server on the way could
 * turn into it: percent-encoded (repeatedly), with doubled or encoded slashes, backslashes, dot segments, path parameters,
 * in any case. Meant to refuse such paths from clients, so it says yes rather too often: `/VHOST/x` and `/vhost/../x`
 * count, `/vhostess` does not. `path` may carry a query, which is not looked at.
 */
export function isVhostPath(path: string, forms: readonly VhostForm[]): boolean {
  if (forms.length === 0) return false;
  const names = firstSegments(path);
  return forms.some((form) => namesOf(form).some((name) => names.includes(name)));
}

/** What encodes, doubles or hides a segment; a path without any of these is compared as it stands. */
const DISGUISE = /[%\\;]|\/[./]/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const MAX_DECODINGS = 4;

/** Every name, in lower case, that some way of decoding the path and resolving dots in it makes its first segment. */
export function firstSegments(path: string): readonly string[] {
  const query = path.indexOf('?');
  let text = query < 0 ? path : path.slice(0, query);
  if (!DISGUISE.test(text)) return [(text.split('/', 2)[1] ?? '').toLowerCase()];
  const names: string[] = [];
  for (let round = 0; round <= MAX_DECODINGS; round++) {
    collectFirstSegments(text, names);
    const decoded = text.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (decoded === text) break;
    text = decoded;
  }
  return names;
}

/** Walks as a resolver of dot segments does and notes each name that stands first on the way, not only in the end. */
function collectFirstSegments(text: string, names: string[]): void {
  let depth = 0;
  for (const segment of text.split(/[/\\]/)) {
    const [name = ''] = segment.split(';', 1);
    if (name === '' || name === '.') continue;
    if (name === '..') depth = Math.max(0, depth - 1);
    else if (depth++ === 0) names.push(name.toLowerCase());
  }
}

/** Whether dot segments of `path`, escaped or not, lead above the place where it starts. */
export function climbsAboveStart(path: string): boolean {
  let depth = 0;
  for (const segment of path.split('/')) {
    const name = segment.replace(/%2e/gi, '.');
    if (name === '..') depth--;
    else if (name !== '' && name !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

function namesOf(form: VhostForm): readonly string[] {
  return form.dialect === 'zope' ? ZOPE_NAMES : [form.mount.slice(1).toLowerCase()];
}

const ZOPE_NAMES: readonly string[] = [ZOPE_BASE.toLowerCase(), ZOPE_ROOT.toLowerCase()];
