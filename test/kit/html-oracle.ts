// parse5 as the judge of the HTML tokenizer: which start tags a document has, and where their attributes stand.
import assert from 'node:assert/strict';
import { Parser } from 'parse5';
import { type LoggedToken, logTokens } from './html-token-log.ts';

interface OracleTag {
  readonly name: string;
  readonly start: number;
  readonly attributes: readonly (readonly [name: string, start: number, end: number])[];
}

/** The start tags as parse5 tokenizes them, with the feedback of its whole tree builder. */
function oracleTags(html: string): OracleTag[] {
  const tags: OracleTag[] = [];
  class Recorder extends Parser<never> {
    override onStartTag(token: Parameters<Parser<never>['onStartTag']>[0]): void {
      const attributes = Object.entries(token.location?.attrs ?? {})
        .map(([name, place]) => [name, place.startOffset, place.endOffset] as const)
        .sort((one, other) => one[1] - other[1]);
      tags.push({ name: token.tagName, start: token.location?.startOffset ?? -1, attributes });
      super.onStartTag(token);
    }
  }
  const parser = new Recorder({ sourceCodeLocationInfo: true, scriptingEnabled: false } as never);
  parser.tokenizer.write(html, true);
  return tags;
}

/** Ours in the oracle's form: the first of duplicate attributes, names in lower case, values with their quotes. */
function ourTags(document: Buffer, tokens: readonly LoggedToken[]): OracleTag[] {
  return tokens
    .filter((token) => token.kind === 'start')
    .map((token) => {
      const seen = new Map<string, readonly [string, number, number]>();
      for (const [nameStart = 0, nameEnd = 0, valueStart = 0, valueEnd = 0] of token.attributes ?? []) {
        const name = lower(document.toString('latin1', nameStart, nameEnd));
        if (!seen.has(name)) seen.set(name, [name, nameStart, attributeEnd(document, nameEnd, valueStart, valueEnd)]);
      }
      return { name: lower(token.name ?? ''), start: token.start, attributes: [...seen.values()] };
    });
}

function attributeEnd(document: Buffer, nameEnd: number, valueStart: number, valueEnd: number): number {
  if (valueStart === nameEnd) return nameEnd;
  const before = document[valueStart - 1];
  const isQuoted = (before === 0x22 || before === 0x27) && document[valueEnd] === before;
  if (isQuoted) return valueEnd + 1;
  // The oracle ends an attribute whose value is missing, as in `<a x=>`, behind its name.
  return valueStart === valueEnd ? nameEnd : valueEnd;
}

function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll('\0', '\ufffd');
}

/** Asserts that the tokenizer reports the start tags and attributes of a document (latin1) that parse5 finds in it. Answers how many. */
export function assertSameTags(html: string): number {
  const document = Buffer.from(html, 'latin1');
  const wanted = oracleTags(html);
  assert.deepEqual(ourTags(document, logTokens(document).tokens), wanted, JSON.stringify(html.slice(0, 400)));
  return wanted.length;
}
