// Finds, reads and resolves a document: the one way from a file to a configuration or to diagnostics.
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { runAtOnce, runInSlices } from '../util/slices.ts';
import { type Diagnostic, fileDiagnostic, MistakeList } from './diagnostics.ts';
import { Document, type ParsedText } from './document.ts';
import type { Environment } from './environment.ts';
import type { FeatureTable } from './feature-table.ts';
import { parseJson } from './formats/json.ts';
import { loadScript } from './formats/script.ts';
import { parseYaml } from './formats/yaml.ts';
import { detectLanguage } from './importers/detect.ts';
import { type ForeignOptions, openForeign } from './load-foreign.ts';
import { type Resolution, resolveDocument } from './resolve.ts';

/** What to load, and with what. */
export interface LoadOptions {
  /** The document; relative to `cwd`. Left out: the first of {@link DEFAULT_FILES} that exists in `cwd`. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly features: FeatureTable;
  readonly environment: Environment;
  /** For a document that is a configuration of another server. */
  readonly foreign?: ForeignOptions;
}

/** The names under which a document is looked for, the first that exists winning. */
export const DEFAULT_FILES: readonly string[] = [
  ...['ts', 'mts', 'js', 'mjs'].map((extension) => `portico.config.${extension}`),
  ...['yaml', 'yml', 'json'].map((extension) => `portico.${extension}`),
];

/** The largest document that is read; a configuration of ten thousand sites has about a tenth of it. */
const FILE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Loads a configuration. Never throws on what an operator can do wrong: that comes back as diagnostics.
 * A TypeScript or JavaScript document is run, anew at every call. Traffic of this process goes on while it resolves; while
 * it parses, nothing else runs.
 */
export async function loadConfig(options: LoadOptions): Promise<Resolution> {
  const file = findConfigFile(options);
  if (typeof file !== 'string') return { isValid: false, diagnostics: [file] };
  const text = await readText(file);
  if (typeof text !== 'string') return { isValid: false, diagnostics: [text] };
  const language = detectLanguage(file, text);
  if (language !== undefined) {
    const opened = openForeign(language, file, text, options.features.names, options.foreign ?? { compat: false });
    return Array.isArray(opened)
      ? { isValid: false, diagnostics: opened }
      : runInSlices(resolveDocument(opened, options));
  }
  const parsed = await parseText(file, text);
  if (!('spans' in parsed)) return { isValid: false, diagnostics: [parsed] };
  const document = new Document(file, text, parsed.value, parsed.spans);
  if (parsed.mistakes.length === 0) return runInSlices(resolveDocument(document, options));
  const mistakes = new MistakeList(document);
  for (const { span, path, message, suggestion } of parsed.mistakes) mistakes.atSpan(span, path, message, suggestion);
  return { isValid: false, diagnostics: mistakes.list() };
}

/** Resolves a configuration that a program made: plain data as a document would hold it. */
export function loadValue(value: unknown, options: Omit<LoadOptions, 'file' | 'foreign'>): Resolution {
  return runAtOnce(resolveDocument(Document.generated(value), options));
}

/** The absolute path of the document to load, or a diagnostic if none is named and there is none. */
export function findConfigFile({ file, cwd }: Pick<LoadOptions, 'file' | 'cwd'>): string | Diagnostic {
  if (file !== undefined) return resolve(cwd, file);
  const found = DEFAULT_FILES.map((name) => join(cwd, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const message = `no configuration in ${cwd}: looked for ${DEFAULT_FILES.join(', ')}`;
  return fileDiagnostic(undefined, message, 'name one with -c FILE, or try `portico proxy --to http://localhost:3000`');
}

async function readText(file: string): Promise<string | Diagnostic> {
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT_BYTES) return fileDiagnostic(file, `the file is larger than ${FILE_LIMIT_BYTES} bytes`);
    return stripByteOrderMark(await readFile(file, 'utf8'));
  } catch (error) {
    return fileDiagnostic(file, describeReadFailure(error));
  }
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, expected a file',
  EACCES: 'the file may not be read',
};

function describeReadFailure(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return READ_FAILURES[code] ?? `the file cannot be read: ${message}`;
}

async function parseText(file: string, text: string): Promise<ParsedText | Diagnostic> {
  const extension = extname(file).slice(1).toLowerCase();
  if (['ts', 'mts', 'js', 'mjs'].includes(extension)) return loadScript(file, text);
  if (extension === 'json') return parseJson(text);
  if (extension === 'yaml' || extension === 'yml') return parseYaml(text);
  return fileDiagnostic(
    file,
    'expected a file that ends in .yaml, .yml, .json, .ts, .mts, .js or .mjs, or a configuration of lighttpd, Apache or nginx',
  );
}

function stripByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
