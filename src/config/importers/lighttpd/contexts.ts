// The blocks of a lighttpd configuration with includes read, variables looked up and values joined, in lighttpd's order.
import { dirname, isAbsolute, join } from 'node:path';
import type { SourcePosition } from '../../../exchange/route.ts';
import { ENVIRONMENT_MARK } from '../document.ts';
import type { ReadInclude } from '../importer.ts';
import { isGlob } from '../pattern/glob.ts';
import type { ImportReport } from '../report.ts';
import {
  type Assignment,
  type Branch,
  type ConditionOperator,
  type Expression,
  parseLighttpd,
  type Statement,
} from './parser.ts';
import { type ArrayEntry, mergeValues, type Setting, textOf, type Value } from './values.ts';

/** A condition with its texts looked up. `field` is `HTTP["host"]`, `SERVER["socket"]`, `REQUEST_HEADER["x"]`. */
export interface ContextCondition {
  readonly field: string;
  readonly operator: ConditionOperator;
  readonly value: string;
}

/** A block: what it sets, and when it applies. The same condition written twice is one block, as in lighttpd. */
export interface Context {
  /** Later ones override earlier ones. 0 is the global one. */
  readonly index: number;
  readonly parent: Context | undefined;
  /** Undefined for the global block and for an else without condition. */
  readonly condition: ContextCondition | undefined;
  /** The branch before this one; this one is only tried if all before it were false. */
  readonly previous: Context | undefined;
  readonly settings: Map<string, Setting>;
  readonly source: SourcePosition;
}

/** Files inside files inside files: deeper is a circle. */
const INCLUDE_DEPTH_LIMIT = 16;
const CONTEXT_LIMIT = 10_000;

/** Reads `text` and what it includes. The first context is the global one. */
export function loadContexts(text: string, file: string, readInclude: ReadInclude, report: ImportReport): Context[] {
  const loader = new Loader(file, readInclude, report);
  loader.loadText(text, file);
  return loader.contexts;
}

class Loader {
  readonly contexts: Context[];
  readonly #byKey = new Map<string, Context>();
  readonly #baseDir: string;
  readonly #readInclude: ReadInclude;
  readonly #report: ImportReport;
  #includeDepth = 0;
  #current: Context;

  constructor(file: string, readInclude: ReadInclude, report: ImportReport) {
    const source = { file, line: 1, column: 1 };
    this.#current = {
      index: 0,
      parent: undefined,
      condition: undefined,
      previous: undefined,
      settings: new Map(),
      source,
    };
    this.contexts = [this.#current];
    this.#baseDir = dirname(file);
    this.#readInclude = readInclude;
    this.#report = report;
  }

  loadText(text: string, file: string): void {
    this.#report.noteFile(file);
    this.#run(parseLighttpd(text, file, this.#report));
  }

  #run(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'assignment') this.#assign(statement);
      else if (statement.kind === 'choice') this.#choose(statement.branches);
      else if (statement.kind === 'global') this.#inside(this.contexts[0] ?? this.#current, statement.body);
      else if (statement.kind === 'include') this.#include(statement.name, statement.source);
      else this.#refuseShell(statement.command, statement.source);
    }
  }

  #inside(context: Context, body: readonly Statement[]): void {
    const outer = this.#current;
    this.#current = context;
    this.#run(body);
    this.#current = outer;
  }

  #choose(branches: readonly Branch[]): void {
    let previous: Context | undefined;
    for (const branch of branches) {
      const context = this.#contextFor(branch, previous);
      if (context === undefined) return;
      this.#inside(context, branch.body);
      previous = context;
    }
  }

  #contextFor(branch: Branch, previous: Context | undefined): Context | undefined {
    let condition: ContextCondition | undefined;
    if (branch.condition !== undefined) {
      const key = this.#text(branch.condition.key);
      const value = this.#text(branch.condition.value);
      if (key === undefined || value === undefined) return undefined;
      const { variable, operator } = branch.condition;
      condition = {
        field: `${variable}["${variable === 'REQUEST_HEADER' ? key.toLowerCase() : key}"]`,
        operator,
        value,
      };
    }
    const parent = this.#current;
    const identity = JSON.stringify([parent.index, condition ?? ['else', previous?.index]]);
    const known = this.#byKey.get(identity);
    if (known !== undefined) {
      if (previous !== undefined)
        this.#complain(branch.source, 'else', 'this branch can never be reached', 'remove it');
      return known;
    }
    if (this.contexts.length >= CONTEXT_LIMIT) return undefined;
    const { source } = branch;
    const context = { index: this.contexts.length, parent, condition, previous, settings: new Map(), source };
    this.contexts.push(context);
    this.#byKey.set(identity, context);
    return context;
  }

  #assign({ name, operator, value: expression, source }: Assignment): void {
    const value = this.#evaluate(expression);
    if (value === undefined) return;
    const { settings } = this.#current;
    const own = settings.get(name);
    if (name.startsWith('env.')) {
      this.#complain(source, name, 'lighttpd does not set environment variables', 'remove this line');
    } else if (operator === '=' && own !== undefined) {
      const message = `a second value in the same block; the first is on line ${own.source.line}`;
      this.#complain(source, name, message, 'remove one, or write := or +=');
    } else if (operator === '+=') this.#append(name, value, own ?? this.#lookUp(name), source);
    else settings.set(name, { name, value, source });
  }

  /** A block that has no value of its own yet starts from that of the blocks around. */
  #append(name: string, value: Value, before: Setting | undefined, source: SourcePosition): void {
    const merged = before === undefined ? value : mergeValues(before.value, value);
    if (before !== undefined) this.#report.contribute(before);
    if (merged !== undefined) this.#current.settings.set(name, { name, value: merged, source });
    else this.#complain(source, name, 'a list and a single value cannot be joined', 'write both as lists');
  }

  #lookUp(name: string): Setting | undefined {
    for (let context: Context | undefined = this.#current; context !== undefined; context = context.parent) {
      const setting = context.settings.get(name);
      if (setting !== undefined) return setting;
    }
    return undefined;
  }

  #evaluate(expression: Expression): Value | undefined {
    if (expression.kind === 'string') return expression.text;
    if (expression.kind === 'integer') return expression.value;
    if (expression.kind === 'variable') return this.#variable(expression.name, expression.source);
    if (expression.kind === 'array') {
      const entries = expression.entries.flatMap((entry) => this.#entry(entry.key, entry.value));
      return { entries: this.#withoutDuplicates(entries) };
    }
    let sum: Value | undefined;
    for (const part of expression.parts) {
      const value = this.#evaluate(part);
      if (value === undefined) return undefined;
      sum = sum === undefined ? value : mergeValues(sum, value);
      if (sum === undefined) {
        this.#complain(part.source, '+', 'a list and a single value cannot be joined', 'write both as lists');
        return undefined;
      }
    }
    return sum;
  }

  #entry(keyExpression: Expression | undefined, valueExpression: Expression): ArrayEntry[] {
    const key = keyExpression === undefined ? undefined : this.#text(keyExpression);
    const value = this.#evaluate(valueExpression);
    if (value === undefined || (keyExpression !== undefined && key === undefined)) return [];
    return [{ key, value, source: (keyExpression ?? valueExpression).source }];
  }

  #withoutDuplicates(entries: readonly ArrayEntry[]): ArrayEntry[] {
    const seen = new Set<string>();
    return entries.filter(({ key, source }) => {
      if (key === undefined) return true;
      if (seen.has(key)) {
        this.#complain(source, key, 'this key comes twice in the list; lighttpd refuses that', 'remove one');
        return false;
      }
      seen.add(key);
      return true;
    });
  }

  #variable(name: string, source: SourcePosition): Value | undefined {
    // Our language reads the environment itself, so that the result stays as general as the original.
    if (name.startsWith('env.')) return `${ENVIRONMENT_MARK}${name.slice(4)}}`;
    const setting = this.#lookUp(name);
    if (setting !== undefined) {
      this.#report.contribute(setting);
      return setting.value;
    }
    // Set by lighttpd itself before it reads the file.
    if (name === 'var.PID') return '0';
    if (name === 'var.CWD') return this.#baseDir;
    this.#complain(source, name, 'this variable has no value here', 'set it before this line');
    return undefined;
  }

  #text(expression: Expression): string | undefined {
    const value = this.#evaluate(expression);
    const text = textOf(value);
    if (value !== undefined && text === undefined)
      this.#complain(expression.source, '(', 'expected a text, not a list', 'write one text in double quotes');
    return text;
  }

  #include(name: Expression, source: SourcePosition): void {
    const pattern = this.#text(name);
    if (pattern === undefined) return;
    if (this.#includeDepth >= INCLUDE_DEPTH_LIMIT) {
      const message = `includes are nested more than ${INCLUDE_DEPTH_LIMIT} deep`;
      this.#complain(source, 'include', message, 'break the circle');
      return;
    }
    // lighttpd takes names from the folder of the main file, whichever file includes them.
    const found = this.#readInclude(isAbsolute(pattern) ? pattern : join(this.#baseDir, pattern));
    if (found.length === 0 && !isGlob(pattern))
      this.#complain(source, 'include', `there is no file ${pattern}`, 'give the path as lighttpd sees it');
    this.#includeDepth++;
    for (const included of found) {
      if ('text' in included) this.loadText(included.text, included.file);
      else
        this.#complain(source, 'include', `${included.file} cannot be read: ${included.problem}`, 'make it readable');
    }
    this.#includeDepth--;
  }

  /** Debian's own configuration runs two commands; what they print is known and not needed here. */
  #refuseShell(command: Expression, source: SourcePosition): void {
    const text = this.#text(command) ?? '';
    if (/create-mime|use-ipv6/.test(text)) {
      const message = 'not run: it prints MIME types or the address to listen on, which are not taken from there';
      this.#report.sayAt('info', source, 'include_shell', message);
      return;
    }
    const advice = `run ${text || 'the command'} yourself, put what it prints into the file, and import again`;
    this.#complain(source, 'include_shell', 'an importer runs no commands, so what this one prints is missing', advice);
  }

  #complain(source: SourcePosition, directive: string, message: string, advice: string): void {
    this.#report.sayAt('error', source, directive, message, advice);
  }
}
