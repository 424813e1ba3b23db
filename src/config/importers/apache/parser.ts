// httpd.conf as directives and sections. Includes are read, macros used, conditions on the server itself decided in place.
import { dirname, isAbsolute, join } from 'node:path';
import { ENVIRONMENT_MARK } from '../document.ts';
import type { ReadInclude } from '../importer.ts';
import { isGlob } from '../pattern/glob.ts';
import type { ForeignDirective, ImportReport } from '../report.ts';
import { type LogicalLine, readLines, splitWords } from './lexer.ts';

/** A directive, or a section with what is in it. Names compare in lower case. */
export interface Directive extends ForeignDirective {
  /** In lower case, sections without their angle bracket: `virtualhost`. */
  readonly key: string;
  readonly args: readonly string[];
  /** Undefined for a directive that is no section. */
  readonly block: readonly Directive[] | undefined;
}

const INCLUDE_DEPTH_LIMIT = 16;
const SECTION_DEPTH_LIMIT = 64;
/** Macros that use macros grow without end otherwise. */
const LINE_LIMIT = 200_000;

/** What is built into every httpd of Debian, and so never loaded. */
const BUILT_IN = [
  'core',
  'mod_so',
  'http_core',
  'mod_log_config',
  'mod_logio',
  'mod_version',
  'mod_unixd',
  'mod_watchdog',
];
/** The version that `<IfVersion>` is asked about. */
const VERSION = [2, 4, 62] as const;

/** Parses a whole configuration. */
export function parseApache(text: string, file: string, readInclude: ReadInclude, report: ImportReport): Directive[] {
  const reader = new Reader(dirname(file), readInclude, report);
  report.noteFile(file);
  return reader.readAll(readLines(text, file));
}

interface Macro {
  readonly parameters: readonly string[];
  readonly lines: readonly LogicalLine[];
}

/** Sections that are decided while reading. */
const DECIDED = new Set(['ifmodule', 'ifdefine', 'ifversion', 'iffile', 'ifdirective', 'ifsection']);

class Reader {
  readonly #readInclude: ReadInclude;
  readonly #report: ImportReport;
  readonly #variables = new Map<string, string>();
  readonly #modules = new Set<string>(BUILT_IN);
  readonly #macros = new Map<string, Macro>();
  #hasLoadModule = false;
  #serverRoot: string;
  #includeDepth = 0;
  #lineCount = 0;

  constructor(baseDir: string, readInclude: ReadInclude, report: ImportReport) {
    this.#serverRoot = baseDir;
    this.#readInclude = readInclude;
    this.#report = report;
  }

  readAll(lines: readonly LogicalLine[]): Directive[] {
    const cursor = { lines, index: 0 };
    const directives: Directive[] = [];
    while (cursor.index < lines.length) {
      directives.push(...this.#readBlock(cursor, undefined, 0));
      const line = lines[cursor.index++];
      if (line !== undefined) this.#complain(line, 'this closes a section that is not open', 'remove it');
    }
    return directives;
  }

  /** Directives up to the closing line of `section` (left there) or any other closing line. */
  #readBlock(cursor: Cursor, section: string | undefined, depth: number): Directive[] {
    const directives: Directive[] = [];
    while (cursor.index < cursor.lines.length) {
      const line = cursor.lines[cursor.index];
      if (line === undefined) break;
      const [, closing] = /^<\/\s*(\w+)\s*>/.exec(line.text) ?? [];
      if (closing !== undefined) {
        if (closing.toLowerCase() === section || section === undefined) return directives;
        this.#complain(line, `expected </${section}>`, 'close the sections in the order in which they were opened');
        return directives;
      }
      cursor.index++;
      if (++this.#lineCount > LINE_LIMIT) return directives;
      directives.push(...this.#readLine(line, cursor, depth));
    }
    if (section !== undefined) {
      const last = cursor.lines.at(-1);
      if (last !== undefined) this.#complain(last, `<${section}> is not closed`, `add </${section}>`);
    }
    return directives;
  }

  #readLine(raw: LogicalLine, cursor: Cursor, depth: number): Directive[] {
    const [, opened, head = ''] = /^<\s*(\w+)\s*(.*?)>?\s*$/s.exec(raw.text) ?? [];
    if (opened?.toLowerCase() === 'macro') return this.#defineMacro(splitWords(head), cursor, raw);
    const line = { ...raw, text: this.#expand(raw.text) };
    if (opened !== undefined) return this.#readSection(line, opened, cursor, depth);
    const [name = '', rest = ''] = splitHead(line.text);
    const directive: Directive = {
      name,
      key: name.toLowerCase(),
      args: splitWords(rest),
      block: undefined,
      source: line.source,
    };
    return this.#execute(directive);
  }

  #readSection(line: LogicalLine, opened: string, cursor: Cursor, depth: number): Directive[] {
    const key = opened.toLowerCase();
    const [, , head = ''] = /^<\s*(\w+)\s*(.*?)>?\s*$/s.exec(line.text) ?? [];
    if (depth >= SECTION_DEPTH_LIMIT) {
      this.#complain(line, `more than ${SECTION_DEPTH_LIMIT} sections in each other`, 'flatten the file');
      cursor.index = cursor.lines.length;
      return [];
    }
    const args = splitWords(head);
    const isTaken = !DECIDED.has(key) || this.#decide(key, args);
    // What is not taken is not executed either: its LoadModule, Define and Include do nothing.
    const block = isTaken ? this.#readBlock(cursor, key, depth + 1) : this.#skipBlock(cursor, key);
    if (cursor.index < cursor.lines.length) cursor.index++;
    if (DECIDED.has(key)) return isTaken ? block : [];
    return [{ name: `<${opened}>`, key, args, block, source: line.source }];
  }

  #skipBlock(cursor: Cursor, section: string): Directive[] {
    for (let open = 1; cursor.index < cursor.lines.length; cursor.index++) {
      const text = cursor.lines[cursor.index]?.text.toLowerCase() ?? '';
      if (new RegExp(`^<\\s*${section}\\b`).test(text)) open++;
      if (new RegExp(`^</\\s*${section}\\s*>`).test(text) && --open === 0) return [];
    }
    return [];
  }

  /** Directives that have their effect while the file is read. */
  #execute(directive: Directive): Directive[] {
    const { key, args } = directive;
    const [first = '', second = ''] = args;
    if (key === 'include' || key === 'includeoptional') return this.#include(directive, first);
    if (key === 'use') return this.#useMacro(directive);
    if (key === 'define') this.#variables.set(first, second);
    else if (key === 'undefine') this.#variables.delete(first);
    else if (key === 'undefmacro') this.#macros.delete(first.toLowerCase());
    else if (key === 'serverroot') this.#serverRoot = first;
    else if (key === 'loadmodule') {
      this.#hasLoadModule = true;
      this.#modules.add(first).add(`mod_${first.replace(/_module$/, '')}`);
    } else return [directive];
    this.#report.contribute(directive);
    return [directive];
  }

  #include(directive: Directive, name: string): Directive[] {
    this.#report.contribute(directive);
    if (name.includes(ENVIRONMENT_MARK)) {
      this.#report.error(
        directive,
        'the name of the file depends on the environment',
        'set the variable with Define, or write the name',
      );
      return [];
    }
    if (this.#includeDepth >= INCLUDE_DEPTH_LIMIT) {
      this.#report.error(directive, `includes are nested more than ${INCLUDE_DEPTH_LIMIT} deep`, 'break the circle');
      return [];
    }
    const path = isAbsolute(name) ? name : join(this.#serverRoot, name);
    // A folder stands for all files in it.
    const found = this.#readInclude(path.endsWith('/') ? `${path}*` : path);
    if (found.length === 0 && directive.key === 'include') {
      const message = isGlob(name) ? `no file has a name like ${name}` : `there is no file ${path}`;
      this.#report.error(directive, message, 'write IncludeOptional if that is all right');
    }
    this.#includeDepth++;
    const included = found.flatMap((read) => {
      if ('problem' in read) {
        this.#report.error(directive, `${read.file} cannot be read: ${read.problem}`, 'make it readable');
        return [];
      }
      this.#report.noteFile(read.file);
      return this.readAll(readLines(read.text, read.file));
    });
    this.#includeDepth--;
    return included;
  }

  #defineMacro([name = '', ...parameters]: readonly string[], cursor: Cursor, line: LogicalLine): Directive[] {
    const start = cursor.index;
    while (cursor.index < cursor.lines.length && !/^<\/\s*macro\s*>/i.test(cursor.lines[cursor.index]?.text ?? ''))
      cursor.index++;
    if (cursor.index >= cursor.lines.length) this.#complain(line, '<Macro> is not closed', 'add </Macro>');
    this.#macros.set(name.toLowerCase(), { parameters, lines: cursor.lines.slice(start, cursor.index) });
    cursor.index++;
    return [];
  }

  /** Parameters are replaced as text, longer names first. */
  #useMacro(directive: Directive): Directive[] {
    const [name = '', ...values] = directive.args;
    const macro = this.#macros.get(name.toLowerCase());
    this.#report.contribute(directive);
    if (macro === undefined || values.length !== macro.parameters.length) {
      const message =
        macro === undefined ? `there is no macro ${name}` : `the macro ${name} takes ${macro.parameters.length} values`;
      this.#report.error(directive, message, 'see its <Macro> section');
      return [];
    }
    if (this.#includeDepth >= INCLUDE_DEPTH_LIMIT) return [];
    const pairs = macro.parameters.map((parameter, index) => [parameter, values[index] ?? ''] as const);
    pairs.sort(([a], [b]) => b.length - a.length);
    const lines = macro.lines.map((line) => ({
      ...line,
      text: pairs.reduce((text, [parameter, value]) => text.replaceAll(parameter, () => value), line.text),
    }));
    this.#includeDepth++;
    const used = this.readAll(lines);
    this.#includeDepth--;
    return used;
  }

  #decide(key: string, args: readonly string[]): boolean {
    const [first = ''] = args;
    const isNegative = first.startsWith('!');
    const name = first.replace(/^!/, '');
    if (key === 'ifdefine') return this.#variables.has(name) !== isNegative;
    if (key === 'ifmodule') return this.#isLoaded(name) !== isNegative;
    if (key === 'iffile') {
      const path = isAbsolute(name) ? name : join(this.#serverRoot, name);
      return this.#readInclude(path).length > 0 !== isNegative;
    }
    return key === 'ifversion' ? decideVersion(args) : !isNegative;
  }

  /** A file without a single LoadModule is a part of a configuration, whose modules are loaded elsewhere. */
  #isLoaded(name: string): boolean {
    const module = name.replace(/\.c$/, '');
    return !this.#hasLoadModule || this.#modules.has(module) || this.#modules.has(name);
  }

  #expand(text: string): string {
    if (!text.includes('${')) return text;
    return text.replace(
      /\$\{([^}]*)\}/g,
      (_, name: string) => this.#variables.get(name) ?? `${ENVIRONMENT_MARK}${name}}`,
    );
  }

  #complain(line: LogicalLine, message: string, advice: string): void {
    const [name = ''] = splitHead(line.text);
    this.#report.sayAt('error', line.source, name, message, advice);
  }
}

interface Cursor {
  readonly lines: readonly LogicalLine[];
  index: number;
}

/** The name of a directive and what follows. */
function splitHead(text: string): [name: string, rest: string] {
  const [, name = text, rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  return [name, rest];
}

/** `>= 2.4`, `2.4.6`, `~ regex`. */
function decideVersion(args: readonly string[]): boolean {
  const [operator = '', text = operator] = args;
  const isNegative = operator.startsWith('!');
  const wanted = text.replace(/^\/|\/$/g, '');
  if (operator.includes('~') || text.startsWith('/'))
    return VERSION.join('.').startsWith(wanted.replace(/[\\^$]/g, '')) !== isNegative;
  const numbers = wanted.split('.').map(Number);
  let difference = 0;
  for (let index = 0; index < numbers.length && difference === 0; index++)
    difference = (VERSION[index] ?? 0) - (numbers[index] ?? 0);
  const sign = operator.replace(/^!/, '');
  const isTrue =
    sign === '>'
      ? difference > 0
      : sign === '>='
        ? difference >= 0
        : sign === '<'
          ? difference < 0
          : sign === '<='
            ? difference <= 0
            : difference === 0;
  return isTrue !== isNegative;
}
