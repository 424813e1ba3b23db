// The static table of HPACK: the lines that every connection knows from the beginning (RFC 7541 Appendix A).

/** In the order of their indexes; the first is 1. */
const LINES = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
] as const;

/** How many lines the static table has: the dynamic one begins behind them (RFC 7541 §2.3.3). */
export const STATIC_COUNT = 61;

/** Names by index, index 0 being none. */
export const STATIC_NAMES: readonly string[] = ['', ...LINES.map(([name]) => name)];
/** Values by index, index 0 being none. */
export const STATIC_VALUES: readonly string[] = ['', ...LINES.map(([, value]) => value)];

/** Where the static table has one name. */
export interface StaticName {
  /** The first index with this name. */
  readonly index: number;
  /** The index of each value, where the table has values for the name. The others stand there with an empty one. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** The static table by name. */
export const STATIC_BY_NAME: ReadonlyMap<string, StaticName> = byName();

/** The index of the line in the static table; 0 if it is not there. `entry` is what the table has for its name. */
export function findStatic(entry: StaticName, value: string): number {
  if (entry.values !== undefined) return entry.values.get(value) ?? 0;
  return value === '' ? entry.index : 0;
}

function byName(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> | undefined }>();
  LINES.forEach(([name, value], place) => {
    const index = place + 1;
    const entry = names.get(name) ?? { index, values: value === '' ? undefined : new Map() };
    entry.values?.set(value, index);
    names.set(name, entry);
  });
  return names;
}
