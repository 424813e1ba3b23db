// From the path of a request to the name of a file below the root: decoding, and the refusal of names that no file may have.

/** A name below the root, checked: it cannot leave the root by its spelling. */
export interface RequestedName {
  /** Decoded segments joined by `/`, without a slash at either end; empty for the root itself. */
  readonly name: string;
  /** Whether the path ended in a slash, and so means a folder. */
  readonly isFolder: boolean;
}

/** Which names are refused besides those that are dangerous. */
export interface NameRules {
  /** Whether names that start with a dot may be asked for. */
  readonly hidden: boolean;
  /** Names that Windows reads in its own way are refused too. */
  readonly isWindows: boolean;
}

/** A slash, a backslash or NUL inside of one segment: data to a URL, a separator or an end to a file system. */
const SEPARATORS = /[/\\\0]/;
/** Streams (`a.txt::$DATA`), short names (`GIT~1`), dots and spaces at the end, and names of devices. */
const WINDOWS_ALIASES = /[:~]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Takes the part of a request path behind its mount (octets as received, starting with a slash, or empty) apart.
 * Returns undefined for a name that must not be looked up: a `..` or `.` in any escape, an escaped slash, backslash or
 * NUL, bytes that are no UTF-8, and, unless `rules.hidden`, a dot file other than `.well-known` (RFC 8615 §3).
 * Escapes are decoded once: `%252e` is the text `%2e`. Empty segments count as nothing, as they do in routing.
 */
export function parseRequestedName(remainder: string, rules: NameRules): RequestedName | undefined {
  const segments: string[] = [];
  for (const encoded of remainder.split('/')) {
    if (encoded === '') continue;
    const segment = decodeSegment(encoded);
    if (segment === undefined || !isAllowed(segment, rules)) return undefined;
    segments.push(segment);
  }
  return { name: segments.join('/'), isFolder: remainder.endsWith('/') };
}

/** Whether a file of this name in a folder may be shown and asked for, `hidden` set aside. */
export function isHiddenName(segment: string): boolean {
  return segment.startsWith('.') && segment !== '.well-known';
}

function isAllowed(segment: string, rules: NameRules): boolean {
  if (segment === '.' || segment === '..' || SEPARATORS.test(segment)) return false;
  if (rules.isWindows && WINDOWS_ALIASES.test(segment)) return false;
  return rules.hidden || !isHiddenName(segment);
}

/** RFC 3986 §2.1; the names of files are UTF-8, and overlong or broken sequences are none. */
function decodeSegment(encoded: string): string | undefined {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
