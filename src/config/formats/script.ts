// TypeScript and JavaScript documents: a module whose default export is the configuration.
import * as nodeModule from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Program, parse } from 'acorn';
import { LineIndex } from '../../util/source-position.ts';
import { type ParsedText, type Span, SpanMap, type SpellingMistake } from '../document.ts';
import { findSpans } from './_script-spans.ts';
import { isTypeScript, LOADING_MARK, load, resolve, type StripFailure, stripTypes } from './script-hooks.ts';

/**
 * Runs the module at `file` (absolute), whose text is `text`, and takes its default export. The document is a program of
 * the operator: it runs with all rights of this process, once for each loading. What it throws is a mistake like others.
 */
export async function loadScript(file: string, text: string): Promise<ParsedText> {
  const parsed = parseScript(file, text);
  if ('mistake' in parsed) return refused(parsed.mistake);
  const spans = findSpans(parsed.program);
  try {
    const value = await importDefault(file);
    const isMissing = value === undefined;
    const message = 'the document exports no configuration: write `export default defineConfig({ ... })`';
    return { value, spans, mistakes: isMissing ? [{ span: { start: 0, end: 0 }, path: [], message }] : [] };
  } catch (error) {
    return refused({ span: placeOf(error, file, text), path: [], message: describeFailure(error, file) });
  }
}

let loadingCount = 0;

async function importDefault(file: string): Promise<unknown> {
  if (loadingCount === 0) installHooks();
  loadingCount++;
  const url = pathToFileURL(file);
  url.searchParams.set(LOADING_MARK, String(loadingCount));
  const module = (await import(url.href)) as { readonly default?: unknown };
  return module.default;
}

/** Node.js 22.15 has hooks in the same thread; before, they run in a thread of their own. */
function installHooks(): void {
  const registerHooks: unknown = Reflect.get(nodeModule, 'registerHooks');
  if (typeof registerHooks === 'function') registerHooks({ resolve, load });
  else nodeModule.register(new URL('./script-hooks.js', import.meta.url));
}

function parseScript(file: string, text: string): { program: Program } | { mistake: SpellingMistake } {
  try {
    const script = isTypeScript(file) ? stripTypes(text, file) : text;
    const options = { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true } as const;
    return { program: parse(script, options) };
  } catch (error) {
    return { mistake: { span: syntaxSpan(error, text), path: [], message: syntaxMessage(error) } };
  }
}

/** The type stripper throws plain records with lines and columns, acorn SyntaxErrors with an offset. */
function syntaxSpan(error: unknown, text: string): Span {
  if (error instanceof SyntaxError) {
    const start = Number(Reflect.get(error, 'pos') ?? 0);
    return { start, end: Number(Reflect.get(error, 'raisedAt') ?? start) };
  }
  const { startLine = 1, startColumn = 0, endColumn = startColumn } = error as StripFailure;
  const start = new LineIndex(text).offsetAt({ line: startLine, column: startColumn + 1 });
  return { start, end: start + Math.max(0, endColumn - startColumn) };
}

function syntaxMessage(error: unknown): string {
  const message = String((error as StripFailure).message ?? error);
  return `the script does not parse: ${message.replace(/ \(\d+:\d+\)$/, '').trim()}`;
}

function describeFailure(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = message.split('\n');
  const plain = first.replaceAll(pathToFileURL(file).href, file).replace(/\?portico-loading=\d+/g, '');
  return `the script failed while it ran: ${plain}`;
}

/** The line of the document that the stack of `error` names first; its beginning if it names none. */
function placeOf(error: unknown, file: string, text: string): Span {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const [, url = '', line, column] of stack.matchAll(/(file:\/\/\S+?):(\d+)(?::(\d+))?/g)) {
    if (fileURLToPath(url.replace(/\?.*$/, '')) !== file) continue;
    const start = new LineIndex(text).offsetAt({ line: Number(line), column: Number(column ?? 1) });
    return { start, end: start };
  }
  return { start: 0, end: 0 };
}

function refused(mistake: SpellingMistake): ParsedText {
  return { value: undefined, spans: new SpanMap(), mistakes: [mistake] };
}
