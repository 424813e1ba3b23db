// What the content of a folder looks like: an HTML page or JSON. Pure.
import { escapeHtml, printHtmlPage } from '../../util/html-page.ts';
import { modifiedMs } from './file-facts.ts';
import type { FolderEntry } from './root-folder.ts';

/** A folder as it is shown. */
export interface FolderListing {
  /** The path as people read it, decoded, such as `/pictures/`. */
  readonly path: string;
  /** Whether the link to the folder above leads to something of this mount. */
  readonly hasParent: boolean;
  readonly entries: readonly FolderEntry[];
  /** Whether there are more entries than shown. */
  readonly isCut: boolean;
}

const ORDER = new Intl.Collator('en', { numeric: true });
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];
const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.25rem;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}
td,th{padding:.35rem .5rem;text-align:left;border-bottom:1px solid #8884}
td:first-child{overflow-wrap:anywhere}
td+td,th+th{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
a{text-decoration:none}a:hover{text-decoration:underline}`;

/** RFC 9110 §8.3 and CSP: the page needs its own style and nothing else, whatever the names in it contain. */
export const FOLDER_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The page. Folders first, then by name, numbers in their order. */
export function printFolderPage(listing: FolderListing): string {
  const rows = sortEntries(listing.entries).map(printRow);
  if (listing.hasParent) rows.unshift('<tr><td><a href="../">../</a></td><td></td><td></td></tr>');
  const note = listing.isCut ? `\n<p>Only the first ${listing.entries.length} entries are shown.</p>` : '';
  const body = `<h1>${escapeHtml(listing.path)}</h1>
<table>
<thead><tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>${note}`;
  return printHtmlPage({ title: listing.path, style: STYLE, body });
}

/** The same as JSON: `{ path, entries: [{ name, type, size, modified }], complete }`. */
export function printFolderJson(listing: FolderListing): string {
  const entries = sortEntries(listing.entries).map(({ name, facts }) => ({
    name,
    type: facts.kind,
    ...(facts.kind === 'file' ? { size: facts.size } : {}),
    modified: new Date(modifiedMs(facts)).toISOString(),
  }));
  return `${JSON.stringify({ path: listing.path, entries, complete: !listing.isCut })}\n`;
}

function sortEntries(entries: readonly FolderEntry[]): FolderEntry[] {
  const isFolder = (entry: FolderEntry) => (entry.facts.kind === 'folder' ? 0 : 1);
  return [...entries].sort((a, b) => isFolder(a) - isFolder(b) || ORDER.compare(a.name, b.name));
}

function printRow({ name, facts }: FolderEntry): string {
  const slash = facts.kind === 'folder' ? '/' : '';
  // RFC 3986 §4.2: "./" in front, or a name with a colon would read as a scheme.
  const href = escapeHtml(`./${encodeURIComponent(name)}${slash}`);
  const size = facts.kind === 'folder' ? '' : printBytes(facts.size);
  const changed = new Date(modifiedMs(facts)).toISOString().slice(0, 16).replace('T', ' ');
  return `<tr><td><a href="${href}">${escapeHtml(name + slash)}</a></td><td>${size}</td><td>${changed}</td></tr>`;
}

function printBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit]}`;
}
