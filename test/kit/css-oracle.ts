// css-tree as the judge of the CSS tokenizer: where a sheet has URLs.
import assert from 'node:assert/strict';
import * as csstree from 'css-tree';
import { logUrls } from './css-url-log.ts';

/** The spans of URLs by the oracle's tokens and the rules of the functions and at-rules that take strings. */
function oracleUrls(sheet: string): [number, number][] {
  const tokens: { type: string; start: number; end: number }[] = [];
  csstree.tokenize(sheet, (type, start, end) => tokens.push({ type: csstree.tokenNames[type] ?? '', start, end }));
  const urls: [number, number][] = [];
  const open: string[] = [];
  let expects = false;
  let isNamespace = false;
  for (const { type, start, end } of tokens) {
    const text = sheet.slice(start, end);
    const isBlank = type === 'whitespace-token' || type === 'comment-token';
    if (isNamespace) {
      // `url(b;c)` is one token.
      if (type === 'semicolon-token' || type === '{-token') isNamespace = false;
      continue;
    }
    if (type === 'url-token') addUnquoted(urls, text, start);
    if (type === 'string-token') {
      const top = open.at(-1);
      if (expects || top === 'image-set' || top === 'src' || top === 'url') addString(urls, sheet, start, end);
    }
    const isFirst = (type === 'string-token' && !expects) || type === 'bad-string-token';
    if (isFirst && (open.at(-1) === 'src' || open.at(-1) === 'url')) open[open.length - 1] = '';
    if (type === 'comment-token') addSourceMap(urls, text, start);
    if (type === 'function-token') open.push(functionKind(csstree.ident.decode(text.slice(0, -1)).toLowerCase()));
    if (type === '(-token') open.push('');
    if (type === ')-token') open.pop();
    if (!isBlank) expects = false;
    if (type === 'at-keyword-token') {
      const name = csstree.ident.decode(text.slice(1)).toLowerCase();
      expects = name === 'import';
      isNamespace = name === 'namespace';
    }
  }
  return urls;
}

function functionKind(name: string): string {
  if (name === 'image-set' || name === '-webkit-image-set') return 'image-set';
  return name === 'src' || name === 'url' ? name : '';
}

function addUnquoted(urls: [number, number][], text: string, start: number): void {
  const open = text.indexOf('(') + 1;
  const isClosed = text.endsWith(')') && !endsInEscape(text.slice(0, -1));
  const value = text.slice(open, isClosed ? -1 : undefined);
  const from = open + value.length - value.replace(/^[ \t\r\n\f]+/, '').length;
  const to = open + value.replace(/(?<!\\)[ \t\r\n\f]+$/, '').length;
  if (to > from && !value.trim().startsWith('data:')) urls.push([start + from, start + to]);
}

function addString(urls: [number, number][], sheet: string, start: number, end: number): void {
  const quote = sheet[start];
  const isClosed = end - start > 1 && sheet[end - 1] === quote && !endsInEscape(sheet.slice(start, end - 1));
  const to = isClosed ? end - 1 : end;
  if (to > start + 1 && !sheet.startsWith('data:', start + 1)) urls.push([start + 1, to]);
}

function endsInEscape(text: string): boolean {
  const backslashes = text.length - text.replace(/\\+$/, '').length;
  return backslashes % 2 === 1;
}

function addSourceMap(urls: [number, number][], text: string, start: number): void {
  const match = /^\/\*[#@][ \t]{1,16}sourceMappingURL=([^\s*]+)/.exec(text);
  if (match?.[1] !== undefined) urls.push([start + match[0].length - match[1].length, start + match[0].length]);
}

/** Asserts that the tokenizer reports the URLs of a sheet (latin1) that css-tree's tokens say it has. */
export function assertSameUrls(sheet: string): void {
  // At the end of the text the oracle takes a backslash for a spoiled URL; the standard for an escape.
  if (endsInEscape(sheet)) return;
  const urls = logUrls(Buffer.from(sheet, 'latin1')).filter((url) => !url.isKept);
  const ours = urls.map(({ start, end }) => [start, end]);
  assert.deepEqual(ours, oracleUrls(sheet), JSON.stringify(sheet));
}
