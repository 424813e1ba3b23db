// Checks a value against a schema and turns what zod says into plain sentences with their places.
import type { z } from 'zod';
import { nearestWord } from '../util/nearest-word.ts';
import { keysOfSchema, mapMarked } from './_option-marks.ts';
import { suggestValue } from './_suggestions.ts';
import type { MistakeList } from './diagnostics.ts';
import type { KeyPath } from './document.ts';

type Issue = z.core.$ZodIssue;

/** Shown instead of a secret. */
export const HIDDEN = '(secret)';

/** What a schema made of a value. */
export type Checked<Output> = { readonly isValid: true; readonly options: Output } | { readonly isValid: false };

/**
 * Parses `value` with `schema`. What is wrong goes to `mistakes`, with `locate` telling where in the document a part of
 * `value` stands.
 */
export function checkOptions<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  mistakes: MistakeList,
  locate: (path: KeyPath) => KeyPath,
): Checked<Output> {
  const knownKeys = new WeakMap<readonly string[], string[]>();
  const result = schema.safeParse(value, { error: (issue) => sentenceFor(issue, knownKeys) });
  if (result.success) return { isValid: true, options: result.data };
  const shown = mapMarked(schema, value, 'secret', () => HIDDEN);
  const reporter = new IssueReporter(shown, mistakes, locate, knownKeys);
  reporter.reportAll(result.error.issues, []);
  return { isValid: false };
}

class IssueReporter {
  readonly #shown: unknown;
  readonly #mistakes: MistakeList;
  readonly #locate: (path: KeyPath) => KeyPath;
  /** By the identity of an issue's list of unknown keys: the keys that the schema knows. */
  readonly #knownKeys: WeakMap<readonly string[], string[]>;
  /** The places of keys that an unknown key was probably meant to be: they are not missing. */
  readonly #meantKeys = new Set<string>();

  constructor(
    shown: unknown,
    mistakes: MistakeList,
    locate: (path: KeyPath) => KeyPath,
    knownKeys: WeakMap<readonly string[], string[]>,
  ) {
    this.#shown = shown;
    this.#mistakes = mistakes;
    this.#locate = locate;
    this.#knownKeys = knownKeys;
  }

  reportAll(issues: readonly Issue[], base: KeyPath): void {
    const [unknown, others] = [issues.filter(isUnknownKey), issues.filter((issue) => !isUnknownKey(issue))];
    for (const issue of [...unknown, ...others]) this.#report(issue, base);
  }

  #report(issue: Issue, base: KeyPath): void {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    if (issue.code === 'unrecognized_keys') this.#reportUnknownKeys(issue.keys, path);
    else if (issue.code === 'invalid_union' && issue.message === '') this.#reportUnion(issue, path);
    else if (issue.code === 'invalid_key') this.#mistakes.atKey(this.#locate(path), keyMessage(issue, path));
    else this.#reportValue(issue.message, path);
  }

  #reportUnknownKeys(keys: readonly string[], path: KeyPath): void {
    for (const key of keys) {
      const near = nearestWord(key, this.#knownKeys.get(keys) ?? []);
      if (near !== undefined) this.#meantKeys.add(JSON.stringify([...path, near]));
      const suggestion = near === undefined ? undefined : `did you mean "${near}"?`;
      this.#mistakes.atKey(this.#locate([...path, key]), `unknown key "${key}"`, suggestion);
    }
  }

  /** The alternative that was probably meant is the one that at least takes this kind of value. */
  #reportUnion(issue: z.core.$ZodIssueInvalidUnion, path: KeyPath): void {
    const branches = flattenUnion(issue);
    const meant = branches.filter((issues) => !issues.some(isOfOtherKind));
    const [best] = meant.toSorted((a, b) => a.length - b.length);
    if (best !== undefined) {
      this.reportAll(best, path);
      return;
    }
    const kinds = branches.map((issues) => issues.find(isOfOtherKind)?.message.replace(/^expected /, '') ?? '');
    this.#reportValue(`expected ${joinWords([...new Set(kinds.filter((kind) => kind !== ''))])}`, path);
  }

  #reportValue(message: string, path: KeyPath): void {
    const value = path.reduce<unknown>((inner, key) => (Object(inner) as Record<string, unknown>)[key], this.#shown);
    if (value === undefined && path.length > 0) {
      if (this.#meantKeys.has(JSON.stringify(path))) return;
      this.#mistakes.atKey(this.#locate(path.slice(0, -1)), `"${path.at(-1)}" is missing: ${message}`);
      return;
    }
    if (value === HIDDEN) {
      this.#mistakes.atSecret(this.#locate(path), message);
      return;
    }
    const isExpectation = message.startsWith('expected ');
    const sentence = isExpectation ? `${message}, got ${describeValue(value)}` : message;
    this.#mistakes.atValue(this.#locate(path), sentence, suggestValue(message, value));
  }
}

/** Unions in unions are one list of alternatives. */
function flattenUnion(issue: z.core.$ZodIssueInvalidUnion): Issue[][] {
  return issue.errors.flatMap((issues) => {
    const [only] = issues;
    const isNested = issues.length === 1 && only?.code === 'invalid_union' && only.path.length === 0;
    return isNested && only.message === '' ? flattenUnion(only) : [issues];
  });
}

function isUnknownKey(issue: Issue): boolean {
  return issue.code === 'unrecognized_keys';
}

function isOfOtherKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function keyMessage(issue: z.core.$ZodIssueInvalidKey, path: KeyPath): string {
  const [inner] = issue.issues;
  return `the key "${path.at(-1)}" is not allowed here${inner === undefined ? '' : `: ${inner.message}`}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  function: 'a function',
  null: 'nothing',
  undefined: 'nothing',
};

/** zod's issue as "expected ..."; empty for unions, which speak through their alternatives. */
function sentenceFor(issue: z.core.$ZodRawIssue, knownKeys: WeakMap<readonly string[], string[]>): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${CHOICE_WORDS[issue.values.length] ?? 'one of '}${joinWords(issue.values.map(String))}`;
    case 'too_small':
      return `expected ${boundWords(issue.origin, 'least', Number(issue.minimum), issue.inclusive !== false)}`;
    case 'too_big':
      return `expected ${boundWords(issue.origin, 'most', Number(issue.maximum), issue.inclusive !== false)}`;
    case 'invalid_format':
      if (issue.format === 'regex') return `expected a text that matches ${issue.pattern ?? 'a pattern'}`;
      return `expected ${FORMATS[issue.format] ?? `a valid ${issue.format}`}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      // Only object schemas complain about unknown keys.
      if (issue.inst !== undefined) knownKeys.set(issue.keys, keysOfSchema(issue.inst as z.core.$ZodType));
      return 'unknown key';
    case 'invalid_union':
      return '';
    default:
      return 'not allowed here';
  }
}

const CHOICE_WORDS: readonly (string | undefined)[] = ['', '', 'either '];

const FORMATS: Readonly<Record<string, string>> = {
  url: 'a URL such as http://127.0.0.1:8081',
  email: 'a mail address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
};

function boundWords(origin: string, end: 'least' | 'most', bound: number, isInclusive: boolean): string {
  const words = isInclusive ? `at ${end} ${bound}` : `${end === 'least' ? 'more' : 'less'} than ${bound}`;
  const isOne = end === 'least' && bound === 1 && isInclusive;
  if (origin === 'string') return isOne ? 'a text that is not empty' : `a text of ${words} characters`;
  if (origin === 'array' || origin === 'set') return isOne ? 'a list that is not empty' : `a list of ${words} items`;
  return words;
}

/** A value of a document in a sentence, shortened. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `"${value.slice(0, 57)}..."` : `"${value}"`;
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** `a, b or c`. */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
