// Reads tables of cases: text files under test/ with one row a line, columns divided by ` | `, `#` lines as comments.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** The rows of `test/<name>`, each with `columns` cells; an empty cell is an empty string. Throws for a row of another width. */
export function readTable(name: string, columns: number): string[][] {
  const lines = readFileSync(join(root, 'test', name), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length !== columns)
      throw new Error(`${name}:${index + 1}: ${cells.length} columns instead of ${columns}`);
    return [cells];
  });
}
