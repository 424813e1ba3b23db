// Module loader hooks for configuration scripts: strips types from TypeScript, finds `portico`, and keeps reloads fresh.
// Runs in the loader thread where Node.js has only asynchronous hooks, and in the main thread where it has others.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The query parameter that marks the modules of one loading of a script; modules without it are left alone. */
export const LOADING_MARK = 'portico-loading';

interface Resolved {
  readonly url: string;
}

type NextResolve<Result> = (specifier: string, context: { parentURL?: string | undefined }) => Result;

/**
 * Passes the mark on to relative imports, so that a reload sees changes in them too (the module cache goes by URL), and
 * resolves `portico` to this very program, wherever the script lies.
 */
export function resolve<Result extends Resolved | Promise<Resolved>>(
  specifier: string,
  context: { parentURL?: string | undefined },
  next: NextResolve<Result>,
): Resolved | Promise<Resolved> {
  const mark = markOf(context.parentURL);
  if (mark === undefined) return next(specifier, context);
  if (/^portico(?:\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
  const resolved = next(specifier, context);
  if (!/^\.{0,2}\//.test(specifier)) return resolved;
  return resolved instanceof Promise ? resolved.then((result) => addMark(result, mark)) : addMark(resolved, mark);
}

/** Loads marked TypeScript modules without their types; everything else as usual. */
export function load<Result>(
  url: string,
  context: object,
  next: (url: string, context: object) => Result,
): Result | { format: 'module'; source: string; shortCircuit: true } {
  if (markOf(url) === undefined || !isTypeScript(new URL(url).pathname)) return next(url, context);
  const source = stripTypes(readFileSync(fileURLToPath(url), 'utf8'), fileURLToPath(url));
  return { format: 'module', source, shortCircuit: true };
}

/** Whether a file of this name holds TypeScript. */
export function isTypeScript(file: string): boolean {
  return ['.ts', '.mts'].includes(extname(file));
}

/** What the type stripper throws for a text that it cannot strip. Lines count from 1, columns from 0. */
export interface StripFailure {
  readonly message: string;
  readonly startLine?: number;
  readonly startColumn?: number;
  readonly endColumn?: number;
}

/** `text` with its types replaced by spaces, so that everything stays where it was. Throws a {@link StripFailure}. */
export function stripTypes(text: string, file: string): string {
  // Loaded late: it is a megabyte of WebAssembly that only TypeScript documents need.
  const stripper = createRequire(import.meta.url)('@swc/wasm-typescript') as typeof import('@swc/wasm-typescript');
  return stripper.transformSync(text, { mode: 'strip-only', filename: file, module: true }).code;
}

function markOf(url: string | undefined): string | undefined {
  if (url === undefined || !url.startsWith('file:') || !url.includes(LOADING_MARK)) return undefined;
  return new URL(url).searchParams.get(LOADING_MARK) ?? undefined;
}

function addMark<Result extends Resolved>(resolved: Result, mark: string): Result {
  const url = new URL(resolved.url);
  if (url.protocol !== 'file:') return resolved;
  url.searchParams.set(LOADING_MARK, mark);
  return { ...resolved, url: url.href };
}
