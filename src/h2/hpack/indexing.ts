// Which lines an encoder puts into its table: those that repeat, and none whose value is a secret (RFC 7541 §7.1).
import { entryBytes } from './dynamic-table.ts';

/** How a line is written that the tables do not have: `index` it, do not, or tell all that follow never to (RFC 7541 §6.2). */
export type Indexing = 'index' | 'without' | 'never';

/** RFC 7541 §7.1.3: values that somebody who can add lines to the connection must not be able to guess by size. */
const SECRET_NAMES = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie'];
/** Their values seldom come twice: in the table they would take the place of lines that do. */
const CHANGING_NAMES = [
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'expires',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'last-modified',
  'location',
  'range',
];
/**
 * How many values of one name the table takes. A header that this list does not know, and that is different each time,
 * such as the id of a request, then stops changing the table; with it every remembered block stays good.
 */
const VALUES_LIMIT = 8;
/** Changes forever, but only once a second: between, one octet stands for twenty-three. */
const ALWAYS_INDEXED = 'date';
/** Of the table. A larger entry would evict nearly all others. */
const ENTRY_SHARE_LIMIT = 3 / 4;

const INDEXING: ReadonlyMap<string, Indexing> = new Map<string, Indexing>([
  ...SECRET_NAMES.map((name) => [name, 'never'] as const),
  ...CHANGING_NAMES.map((name) => [name, 'without'] as const),
]);

/** Decides for one line. `valueCount` is how many values of this name the table has, `tableBytes` its size limit. */
export function chooseIndexing(name: string, value: string, valueCount: number, tableBytes: number): Indexing {
  const fixed = INDEXING.get(name);
  if (fixed !== undefined) return fixed;
  if (valueCount >= VALUES_LIMIT && name !== ALWAYS_INDEXED) return 'without';
  return entryBytes(name, value) > tableBytes * ENTRY_SHARE_LIMIT ? 'without' : 'index';
}
