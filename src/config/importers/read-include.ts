// Reads included files from the disk for an importer, within bounds, and never anything that is not a regular file.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { IncludedFile, ReadInclude } from './importer.ts';
import { expandBraces, isGlob, matchesGlob } from './pattern/glob.ts';

/** Bounds of one import: a pattern such as `/**` must not read the disk. */
const FILE_LIMIT = 2000;
const FILE_BYTES_LIMIT = 4 * 1024 * 1024;
const TOTAL_BYTES_LIMIT = 32 * 1024 * 1024;

/** A {@link ReadInclude} for one import. Its bounds count over all calls. */
export function createReadInclude(): ReadInclude {
  let fileCount = 0;
  let totalBytes = 0;
  return function readInclude(pattern) {
    const found: IncludedFile[] = [];
    for (const file of expandBraces(pattern).flatMap(listMatches)) {
      if (++fileCount > FILE_LIMIT) return [...found, { file, problem: `more than ${FILE_LIMIT} files are included` }];
      const read = readFile(file);
      if ('text' in read && (totalBytes += read.text.length) > TOTAL_BYTES_LIMIT)
        return [...found, { file, problem: `more than ${TOTAL_BYTES_LIMIT} bytes are included` }];
      found.push(read);
    }
    return found;
  };
}

function readFile(file: string): IncludedFile {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { file, problem: 'not a regular file' };
    if (stat.size > FILE_BYTES_LIMIT) return { file, problem: `larger than ${FILE_BYTES_LIMIT} bytes` };
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { file, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The files of a glob in the order of their names; a plain path is its own match if it exists. */
function listMatches(pattern: string): string[] {
  if (!isGlob(pattern)) return kindOf(pattern) === undefined ? [] : [pattern];
  let paths = [''];
  const segments = pattern.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    paths = paths.flatMap((path) => (isGlob(segment) ? listNames(path, segment) : [join(path || sep, segment)]));
    paths = paths.filter((path) => (isLast ? kindOf(path) === 'file' : kindOf(path) === 'folder'));
  }
  return paths;
}

function listNames(folder: string, glob: string): string[] {
  try {
    const names = readdirSync(folder || sep).filter((name) => matchesGlob(glob, name));
    return names.sort().map((name) => join(folder || sep, name));
  } catch {
    return [];
  }
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
