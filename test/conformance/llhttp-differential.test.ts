// Every request of the corpus through Portico's engine and through llhttp: whatever they read differently is explained.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { corpusFolder } from './h1/run-corpus.ts';
import { DIFFERENCES } from './llhttp/differences.ts';
import { nodeSide } from './llhttp/node-side.ts';
import { porticoSide } from './llhttp/portico-side.ts';
import { startReading } from './llhttp/reading-server.ts';

type Part = string | { readonly repeat: string; readonly times: number } | { readonly repeat?: undefined };

interface CorpusCase {
  readonly id: string;
  readonly raw?: string;
  readonly parts?: readonly Part[];
  /** Cases about answers send ordinary requests. */
  readonly backend?: object;
}

/** The table was made with llhttp 9; another major version reads other things differently. */
const skip = process.versions['llhttp']?.startsWith('9.') === true ? false : 'the table of differences is for llhttp 9';

test('Portico and llhttp read the corpus alike, but for the differences that are explained', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const readByPortico = await startReading(t, porticoSide());
  const readByNode = await startReading(t, nodeSide());
  const cases = (JSON.parse(readFileSync(join(corpusFolder, 'cases.json'), 'utf8')) as CorpusCase[]).filter(
    ({ backend }) => backend === undefined,
  );
  const found: Record<string, { portico: string; llhttp: string }> = {};
  for (const corpusCase of cases) {
    const bytes = bytesOf(corpusCase);
    const portico = await readByPortico(bytes);
    const llhttp = await readByNode(bytes);
    if (portico !== llhttp) found[corpusCase.id] = { portico, llhttp };
  }
  const explained = Object.entries(DIFFERENCES).map(([id, { portico, llhttp }]) => [id, { portico, llhttp }]);
  assert.deepEqual(found, Object.fromEntries(explained));
  t.diagnostic(`${cases.length} requests, ${explained.length} explained differences`);
});

/** All that a case sends, at once: the waits between its parts are about answers. */
function bytesOf({ raw, parts }: CorpusCase): Buffer {
  const texts = (parts ?? [raw ?? '']).map((part) => {
    if (typeof part === 'string') return part;
    return part.repeat === undefined ? '' : part.repeat.repeat(part.times);
  });
  return Buffer.from(texts.join(''), 'latin1');
}
