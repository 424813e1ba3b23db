// An imported configuration as YAML, with comments that name the lines it comes from.
import { basename } from 'node:path';
import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import type { SourcePosition } from '../../exchange/route.ts';
import type { ImportResult } from './importer.ts';

/** Prints the document. `from` is named in the first line. */
export function printImport({ config, origins }: ImportResult, from: string): string {
  const document = new Document(config);
  document.commentBefore = ` Imported from ${from}. Comments name the lines that a part comes from.`;
  for (const [path, sources] of origins) {
    const keys = JSON.parse(path) as string[];
    const comment = printSources(sources, from);
    if (comment !== '') addComment(document, keys, comment);
  }
  return document.toString({ lineWidth: 0, indentSeq: false });
}

/** Puts the comment above the key. The map's first key would print it above the map itself, which is right too. */
function addComment(document: Document, path: readonly string[], comment: string): void {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return;
  const pair = (parent as YAMLMap).items.find(({ key }) => (isScalar(key) ? key.value : key) === path.at(-1));
  const key = pair?.key;
  if (isScalar(key)) key.commentBefore = ` ${comment}`;
}

/** What decides comes first; the rest would hide it. */
const SOURCE_LIMIT = 3;

/** `lines 3, 7; other.conf: line 2`. */
function printSources(sources: readonly SourcePosition[], from: string): string {
  const byFile = new Map<string, Set<number>>();
  for (const { file, line } of sources.slice(0, SOURCE_LIMIT))
    byFile.set(file, (byFile.get(file) ?? new Set()).add(line));
  const parts = [...byFile].map(([file, lines]) => {
    const numbers = [...lines].sort((a, b) => a - b);
    const text = `line${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}`;
    return file === from ? text : `${basename(file)}: ${text}`;
  });
  return parts.join('; ');
}
