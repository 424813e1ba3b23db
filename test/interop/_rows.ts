// Comparing tables with what really happens, whole tables at once.
import assert from 'node:assert/strict';
import { type Answer, ask } from '../kit/ask.ts';
import type { ScriptedUpstream } from '../kit/scripted-upstream.ts';

/** Two texts that say the same of a row, if all is well. */
export type Comparison = readonly [actual: string, expected: string];

/** Compares all rows at once, one after the other, so that a failure shows the whole difference. */
export async function compareRows(
  rows: readonly (readonly string[])[],
  compare: (row: readonly string[]) => Promise<Comparison>,
): Promise<void> {
  const actual: string[] = [];
  const expected: string[] = [];
  for (const row of rows) {
    const [seen, wanted] = await compare(row);
    actual.push(seen);
    expected.push(wanted);
  }
  assert.ok(rows.length > 0, 'an empty table');
  assert.deepEqual(actual, expected);
}

/** A row of `upstream-headers.txt`: what becomes of a header behind the front at `port`, by column `column`. */
export async function compareUpstreamHeader(
  port: number,
  upstream: ScriptedUpstream,
  row: readonly string[],
  column: number,
): Promise<Comparison> {
  const [linesText = '', name = ''] = row;
  const lines = linesText.split(/(?<!\\),/).map((line) => line.replaceAll('\\,', ','));
  await ask(port, '/', { lines });
  const received = upstream.requests.at(-1)?.headers.getAll(name) ?? [];
  // Our own mark in Via differs from run to run.
  const values = received.map((value) => value.replace(/(?<=1\.1 portico) \(\w+\)/, ''));
  const expected = (row[column] ?? '').replace('PEER', '127.0.0.1').replace('BACKEND', `127.0.0.1:${upstream.port}`);
  return [`${linesText}: ${values.length === 0 ? '-' : values.join(' + ')}`, `${linesText}: ${expected}`];
}

/** In the words of the tables: status, who answered, where it leads or what it says. Error pages are not compared. */
export function describeAnswer({ status, headers, body }: Answer, answerer: 'app' | 'front'): string {
  const location = headers['location'] === undefined ? '' : ` -> ${headers['location']}`;
  const text = status === 200 ? ` ${body.trim()}` : '';
  return `${status} ${answerer}${location}${text}`;
}
