// What rewriting did to an answer, for people: each change with its place, its rule, and what stands around it.
import type { HeaderChange } from '../rewrite/trace/header-changes.ts';
import type { BodyChange, ExplainedAnswer } from '../server/explain-answer.ts';
import { countOf } from './words.ts';

/** Prints an answer. Nothing that a backend sent can steer the terminal. */
export function printAnswer(answer: ExplainedAnswer): string {
  const lines = [printStatus(answer), '', ...printHeaders(answer.headers), '', printBody(answer)];
  for (const change of answer.changes) lines.push(...printChange(change));
  for (const { place, authority, count, sample } of answer.leaks)
    lines.push(`  leak in ${place}: ${authority} ${countOf(count, 'time')}`, `    ${show(sample)}`);
  for (const { path } of answer.rescues) lines.push(`  ${show(path)} missed its mount and was sent into it`);
  return `${lines.join('\n')}\n`;
}

function printStatus({ status, endpoint, error }: ExplainedAnswer): string {
  const from = endpoint === undefined ? 'answered by Portico itself' : `answered by ${endpoint}`;
  return `  ${status}, ${from}${error === undefined ? '' : `: ${error}`}`;
}

function printHeaders(changes: readonly HeaderChange[]): string[] {
  if (changes.length === 0) return ['  headers: nothing changed'];
  return [`  headers: ${countOf(changes.length, 'line')} changed`, ...changes.flatMap(printHeader)];
}

function printHeader({ name, before, after, changes, rule }: HeaderChange): string[] {
  const at = changes.map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`)).join(', ');
  const lines = [`  ${name}${at === '' ? '' : ` at ${at}`}  ${rule}`];
  if (before !== undefined) lines.push(`    - ${show(before)}`);
  if (after !== undefined) lines.push(`    + ${show(after)}`);
  return lines;
}

function printBody({ language, encoding, bytes, isCut, changes, untouched }: ExplainedAnswer): string {
  const cut = isCut ? ', the rest was not looked at' : '';
  if (language === undefined) {
    const why = untouched.length === 0 ? '' : ` (${untouched.join(', ')})`;
    return `  body: ${countOf(bytes[1], 'byte')}, passed as it is${why}${cut}`;
  }
  const code = encoding === 'ascii' ? '' : `, ${encoding}`;
  return `  body: read as ${language}${code}, ${countOf(changes.length, 'change')}, ${bytes[0]} bytes became ${bytes[1]}${cut}`;
}

function printChange({ start, end, line, column, before, after, context, place, rule }: BodyChange): string[] {
  const [left, right] = context;
  const range = start === end ? `byte ${start}` : `bytes ${start}-${end}`;
  return [
    `  ${line}:${column} (${range})  ${show(place)}  ${show(rule)}`,
    `    - ${show(left + before + right)}`,
    `    + ${show(left + after + right)}`,
  ];
}

/** Text with the controls of the terminal written out. */
function show(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
