// An explanation for people: the answer first, then the way to it, each line with its place in the configuration.
import type { SourcePosition } from '../exchange/route.ts';
import type { Explanation } from '../server/explain.ts';
import type { Terminal } from './terminal.ts';
import { printPosition } from './words.ts';

/** Prints an explanation; places are shortened against the folder of the terminal. */
export function printExplanation(explanation: Explanation, { cwd }: Pick<Terminal, 'cwd'>): string {
  const { url, summary, site, mount, steps, upstream } = explanation;
  const rows: Row[] = [];
  if (site !== undefined) rows.push({ label: 'site', text: site.key, source: site.source });
  if (mount !== undefined) rows.push({ label: 'mount', text: mount.path, source: mount.source });
  for (const { feature, says, source } of steps) rows.push({ label: feature, text: says, source });
  const lines = [url, `  ${summary}`, '', ...printRows(rows, cwd)];
  if (upstream !== undefined) {
    lines.push('', `  sent to ${upstream.endpoint}:`, `    ${upstream.requestLine}`);
    for (const [name, value] of upstream.headers) lines.push(`    ${name}: ${value}`);
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

interface Row {
  readonly label: string;
  readonly text: string;
  readonly source: SourcePosition | undefined;
}

function printRows(rows: readonly Row[], cwd: string): string[] {
  const labelWidth = Math.max(0, ...rows.map(({ label }) => label.length));
  const textWidth = Math.max(0, ...rows.map(({ text }) => text.length));
  return rows.map(({ label, text, source }) =>
    `  ${label.padEnd(labelWidth)}  ${text.padEnd(textWidth)}  ${printPosition(source, cwd)}`.trimEnd(),
  );
}
