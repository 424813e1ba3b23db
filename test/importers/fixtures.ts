// Reads the importer fixtures: a foreign configuration, a line of dashes, our document, a line of dashes, the diagnostics.
// The first line may be `# options: compat with-port`; a line `==== NAME` starts a further file that the first one includes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignLanguage, IncludedFile, ReadInclude } from '../../src/config/importers/importer.ts';
import { expandBraces, matchesGlob } from '../../src/config/importers/pattern/glob.ts';
import { projectRoot } from '../kit/project-root.ts';

/** What stands for the folder of the files; a test that writes them to the disk replaces it. */
export const FIXTURE_DIR = '/DIR';

/** A fixture taken apart. */
export interface Fixture {
  readonly language: ForeignLanguage;
  readonly name: string;
  /**
   * `compat`: import so. `invalid`: the real server refuses it; all others are compared with it. `fragment`: a file of servers,
   * without what is around them. `with-port`: clients say the port in Host.
   */
  readonly options: ReadonlySet<string>;
  /** By their path below the folder; the first is the configuration itself. */
  readonly files: ReadonlyMap<string, string>;
  /** Path of the configuration itself. */
  readonly main: string;
  readonly document: string;
  readonly diagnostics: string;
  /** Replaces what is expected. */
  update(document: string, diagnostics: string): void;
}

const SEPARATOR = '\n----\n';
const MAIN_NAMES: Readonly<Record<ForeignLanguage, string>> = {
  lighttpd: 'lighttpd.conf',
  apache: 'httpd.conf',
  nginx: 'nginx.conf',
};

/** The fixtures of one language, by name. */
export function readFixtures(language: ForeignLanguage): Fixture[] {
  const folder = join(projectRoot, 'test', 'importers', language);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => readFixture(language, join(folder, name), name));
}

function readFixture(language: ForeignLanguage, file: string, name: string): Fixture {
  const [input = '', document = '', diagnostics = ''] = readFileSync(file, 'utf8').split(SEPARATOR);
  const [, words = ''] = /^# options: (.*)/.exec(input) ?? [];
  const files = splitFiles(`${input}\n`, MAIN_NAMES[language]);
  return {
    language,
    name,
    options: new Set(words.split(' ').filter((word) => word !== '')),
    files,
    main: `${FIXTURE_DIR}/${MAIN_NAMES[language]}`,
    document,
    diagnostics,
    update: (newDocument, newDiagnostics) => writeFileSync(file, [input, newDocument, newDiagnostics].join(SEPARATOR)),
  };
}

/** A configuration as a fixture without expectations: its `/srv` is the folder. */
export function fixtureOf(language: ForeignLanguage, name: string, text: string): Fixture {
  const files = new Map([[MAIN_NAMES[language], text.replaceAll('/srv/', `${FIXTURE_DIR}/`)]]);
  const main = `${FIXTURE_DIR}/${MAIN_NAMES[language]}`;
  return { language, name, options: new Set(), files, main, document: '', diagnostics: '', update() {} };
}

function splitFiles(input: string, mainName: string): Map<string, string> {
  const files = new Map<string, string>();
  const [first = '', ...others] = input.split(/^==== /m);
  files.set(mainName, first);
  for (const other of others) {
    const end = other.indexOf('\n');
    files.set(other.slice(0, end), other.slice(end + 1));
  }
  return files;
}

/** Reads includes from the files of a fixture. */
export function createFixtureReader({ files }: Fixture): ReadInclude {
  return function readInclude(pattern) {
    return expandBraces(pattern).flatMap((glob): IncludedFile[] => {
      const found = [...files].filter(([name]) => matchesPath(glob, `${FIXTURE_DIR}/${name}`));
      return found
        .map(([name, text]) => ({ file: `${FIXTURE_DIR}/${name}`, text }))
        .sort((a, b) => (a.file < b.file ? -1 : 1));
    });
  };
}

function matchesPath(glob: string, path: string): boolean {
  const [wanted, given] = [glob.split('/'), path.split('/')];
  return (
    wanted.length === given.length && wanted.every((segment, index) => matchesSegment(segment, given[index] ?? ''))
  );
}

function matchesSegment(glob: string, name: string): boolean {
  return glob === name || (name !== '' && matchesGlob(glob, name));
}
