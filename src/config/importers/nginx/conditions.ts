// The condition of an `if` block: true, false, or about something that no sample request has.

import { CLIENT_HOST_MARK } from '../outcome.ts';
import { compilePcre } from '../pattern/pcre.ts';
import { regionsOfPattern } from '../pattern/regions.ts';
import type { Directive } from './parser.ts';
import { expandVariables, type VariableState } from './variables.ts';

/** What a condition came to. `unknown` counts as false; `file` is true or false by the disk. */
export type Verdict =
  | { readonly kind: 'known'; readonly isTrue: boolean; readonly captures?: readonly (string | undefined)[] }
  /** Whether the file exists makes it true (`-f`) or false (`!-f`). */
  | { readonly kind: 'file'; readonly isTrueIfThere: boolean }
  | { readonly kind: 'unknown'; readonly about: string; readonly isTrue: boolean };

/** Asks a condition. A method is taken to be GET, which is reported as unknown with that answer. */
export function askCondition(directive: Directive, state: VariableState): Verdict {
  const words = conditionWords(directive);
  const [first = '', operator, ...rest] = words;
  const fileTest = /^(!?)-[fdex]$/.exec(first);
  if (fileTest !== null) return { kind: 'file', isTrueIfThere: fileTest[1] === '' };
  const left = expandVariables(first, state);
  if (left.unknown.length > 0) return { kind: 'unknown', about: left.unknown.join(', '), isTrue: false };
  const verdict = compare(asSubject(left.text, state), operator, rest.join(' '), state);
  const isMethod = /^\$\{?request_method\}?$/.test(first);
  return isMethod && verdict.kind === 'known'
    ? { kind: 'unknown', about: '$request_method', isTrue: verdict.isTrue }
    : verdict;
}

/** The words between the parentheses. */
export function conditionWords(directive: Directive): string[] {
  const words = directive.args.map(({ text }) => text);
  const last = words.length - 1;
  return words
    .map((word, index) => {
      const opened = index === 0 ? word.replace(/^\(/, '') : word;
      return index === last ? opened.replace(/\)$/, '') : opened;
    })
    .filter((word, index) => word !== '' || (index > 0 && index < last));
}

function asSubject(text: string, { probe }: VariableState): string {
  return text.replaceAll(CLIENT_HOST_MARK, probe.host);
}

function compare(subject: string, operator: string | undefined, value: string, state: VariableState): Verdict {
  if (operator === undefined) return { kind: 'known', isTrue: subject !== '' && subject !== '0' };
  const isNegative = operator.startsWith('!');
  if (operator === '=' || operator === '!=') {
    const right = expandVariables(value, state);
    if (right.unknown.length > 0) return { kind: 'unknown', about: right.unknown.join(', '), isTrue: false };
    return { kind: 'known', isTrue: (subject === asSubject(right.text, state)) !== isNegative };
  }
  const compiled = compilePcre(value, operator.endsWith('*'));
  if ('problem' in compiled)
    return { kind: 'unknown', about: `the pattern ${value} (${compiled.problem})`, isTrue: false };
  const isPath = subject.startsWith('/');
  if (isPath && regionsOfPattern(value, 'path-and-query') === undefined)
    return {
      kind: 'unknown',
      about: `the pattern ${value}, which is more than subtrees and exact paths`,
      isTrue: false,
    };
  const match = compiled.regExp.exec(subject);
  return { kind: 'known', isTrue: (match !== null) !== isNegative, captures: match === null ? [] : [...match] };
}
