// The tokenizer cases of html5lib, and real pages and style sheets of npm packages, with parse5 and css-tree as judges.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertSameUrls } from '../kit/css-oracle.ts';
import { assertSameTags } from '../kit/html-oracle.ts';
import { logTokens } from '../kit/html-token-log.ts';
import { projectRoot } from '../kit/project-root.ts';

/** Text, and for another initial state than data the state's name and the start tag that leads there. */
type Input = readonly [text: string, state?: string, lastStartTag?: string];

const files = Object.entries(
  JSON.parse(readFileSync(join(projectRoot, 'test/conformance/html5lib/tokenizer-inputs.json'), 'utf8')) as Record<
    string,
    readonly Input[]
  >,
);

/** The text as it is reached in a document, in UTF-8 as latin1. */
function toDocument([text, state, lastStartTag]: Input): string {
  const before =
    state === undefined ? '' : state === 'CDATA section' ? '<svg><![CDATA[' : `<${openerOf(state, lastStartTag)}>`;
  return before + Buffer.from(text, 'utf8').toString('latin1');
}

/** What a document opens such a state with; the cases name elements that do, but for a few that are made up. */
function openerOf(state: string, lastStartTag = ''): string {
  if (state === 'PLAINTEXT') return 'plaintext';
  if (state.startsWith('script data')) return 'script';
  if (state === 'RCDATA') return lastStartTag === 'title' ? 'title' : 'textarea';
  return lastStartTag === 'style' ? 'style' : 'xmp';
}

describe('html5lib tokenizer cases', { timeout: 600_000 }, () => {
  for (const [name, inputs] of files)
    test(`${name}: ${inputs.length} cases, whole and byte by byte`, () => {
      for (const input of inputs) {
        const html = toDocument(input);
        assertSameTags(html);
        const document = Buffer.from(html, 'latin1');
        const cuts = Array.from({ length: Math.max(0, document.length - 1) }, (_, index) => index + 1);
        assert.deepEqual(logTokens(document, cuts).tokens, logTokens(document).tokens, JSON.stringify(html));
      }
    });

  test('nothing was lost on the way', () => {
    assert.equal(
      files.reduce((sum, [, inputs]) => sum + inputs.length, 0),
      2771,
    );
  });
});

/** Every file of an installed package whose name ends so. */
function installed(suffix: string): readonly string[] {
  const folder = join(projectRoot, 'node_modules');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(suffix));
  return names.sort().map((name) => join(folder, name));
}

describe('what npm packages ship', { timeout: 600_000 }, () => {
  const pages = installed('.html');
  const sheets = installed('.css');

  test(`${pages.length} pages: the start tags of the oracle, and the URLs of their style elements`, () => {
    assert.ok(pages.length >= 5);
    for (const page of pages) {
      const html = readFileSync(page).toString('latin1').replaceAll('\r', ' ');
      assert.ok(assertSameTags(html) > 0, page);
      for (const [, style = ''] of html.matchAll(/<style[^>]*>([^<]*)<\/style>/g)) assertSameUrls(style);
    }
  });

  test(`${sheets.length} style sheets: the URLs of the oracle`, () => {
    assert.ok(sheets.length >= 5);
    for (const sheet of sheets) assertSameUrls(readFileSync(sheet).toString('latin1'));
  });
});
