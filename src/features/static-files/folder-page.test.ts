// Listings: order, escaping, links that survive odd names, JSON.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileFacts } from './file-facts.ts';
import { type FolderListing, printFolderJson, printFolderPage } from './folder-page.ts';

const facts = (kind: 'file' | 'folder', size = 0): FileFacts => ({
  kind,
  size,
  device: 1n,
  inode: 1n,
  modifiedNs: BigInt(Date.UTC(2024, 1, 3, 4, 5, 6)) * 1_000_000n,
});

const listing: FolderListing = {
  path: '/pics/<b>&"/',
  hasParent: true,
  isCut: false,
  entries: [
    { name: 'img10.png', facts: facts('file', 1_234_567) },
    { name: 'img9.png', facts: facts('file', 999) },
    { name: 'zoo', facts: facts('folder') },
    { name: `"><script>alert('1')</script>`, facts: facts('file', 0) },
    { name: 'a:b #?%25.txt', facts: facts('file', 1) },
  ],
};

test('printFolderPage: folders first, numbers in order, every name escaped', () => {
  const page = printFolderPage(listing);
  assert.ok(!page.includes('<script'), page);
  assert.ok(!page.includes('<b>'));
  assert.ok(page.includes('<title>/pics/&lt;b&gt;&amp;&quot;/</title>'));
  const hrefs = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
  assert.deepEqual(hrefs, [
    '../',
    './zoo/',
    './%22%3E%3Cscript%3Ealert(&#39;1&#39;)%3C%2Fscript%3E',
    './a%3Ab%20%23%3F%2525.txt',
    './img9.png',
    './img10.png',
  ]);
  assert.ok(page.includes('<td>1.2 MB</td><td>2024-02-03 04:05</td>'));
  assert.ok(page.includes('<td>999 B</td>'));
});

test('printFolderPage: no way up from the top, and it says when it is cut', () => {
  const page = printFolderPage({ ...listing, hasParent: false, isCut: true });
  assert.ok(!page.includes('"../"'));
  assert.ok(page.includes('Only the first 5 entries are shown.'));
});

test('printFolderJson', () => {
  const { path, complete, entries } = JSON.parse(printFolderJson(listing));
  assert.deepEqual([path, complete, entries.length], [listing.path, true, 5]);
  assert.deepEqual(entries[0], { name: 'zoo', type: 'folder', modified: '2024-02-03T04:05:06.000Z' });
  assert.deepEqual(entries[4], {
    name: 'img10.png',
    type: 'file',
    size: 1_234_567,
    modified: '2024-02-03T04:05:06.000Z',
  });
});
