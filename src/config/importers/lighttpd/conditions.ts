// Which blocks of a lighttpd configuration apply to a request, and what the conditions are about.

import { escapeRegExp } from '../pattern/glob.ts';
import { compilePcre } from '../pattern/pcre.ts';
import {
  endingsOfPattern,
  type NamePattern,
  type NameRemark,
  namesOfPattern,
  type PathRegion,
  regionsOfPattern,
} from '../pattern/regions.ts';
import { decodePath } from '../percent.ts';
import type { Context, ContextCondition } from './contexts.ts';

/** What a condition can look at. */
export interface Situation {
  /** Lower case, without port. */
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Which listener: the text of its `$SERVER["socket"]`, empty for that of `server.port`. */
  readonly socket: string;
  /** Encoded; conditions see it decoded. */
  readonly path: string;
  readonly query: string | undefined;
  /** Whether patterns on the host see its port as lighttpd shows it to them, whatever was meant. */
  readonly isLiteral: boolean;
}

/** The context applies; `captures` are what `%0`, `%1` stand for in it. */
export interface ContextMatch {
  readonly context: Context;
  readonly captures: readonly (string | undefined)[];
}

/** What a condition means for us. `unknown` cannot be asked here; it is taken for what is true of most requests. */
export type ConditionMeaning =
  | { readonly about: 'host'; readonly names: readonly NamePattern[]; readonly remarks: readonly NameRemark[] }
  | { readonly about: 'path'; readonly regions: readonly PathRegion[]; readonly hasLooseDot: boolean }
  | { readonly about: 'scheme' }
  | { readonly about: 'socket' }
  | { readonly about: 'unknown'; readonly reason: string };

/** The contexts that apply, in the order in which later ones win. */
export function matchContexts(contexts: readonly Context[], situation: Situation): ContextMatch[] {
  const matches = new Map<Context, ContextMatch | undefined>();
  for (const context of contexts) {
    const captures = isReached(context, matches) ? matchCondition(context.condition, situation) : undefined;
    matches.set(context, captures && { context, captures });
  }
  return [...matches.values()].flatMap((match) => match ?? []);
}

/** The blocks around apply, and no branch before this one did. */
function isReached(context: Context, matches: ReadonlyMap<Context, ContextMatch | undefined>): boolean {
  if (context.parent !== undefined && matches.get(context.parent) === undefined) return false;
  for (let branch = context.previous; branch !== undefined; branch = branch.previous) {
    if (matches.get(branch) !== undefined) return false;
  }
  return true;
}

function matchCondition(condition: ContextCondition | undefined, situation: Situation): readonly string[] | undefined {
  if (condition === undefined) return [];
  if (meaningOf(condition).about === 'unknown') return isNegative(condition) ? [] : undefined;
  for (const subject of subjectsOf(condition, situation)) {
    const captures = compare(condition, subject, situation.isLiteral);
    if (isNegative(condition) === (captures === undefined)) return captures ?? [];
    if (isNegative(condition)) return undefined;
  }
  return undefined;
}

function isNegative({ operator }: ContextCondition): boolean {
  return operator === '!=' || operator === '!~';
}

/**
 * What the condition compares, the likeliest first. A host comes without port too: lighttpd's `==` ignores the port, and for
 * a pattern we take the name for what was meant (which lighttpd only does on the default ports), unless asked not to.
 */
function subjectsOf({ field, operator }: ContextCondition, situation: Situation): string[] {
  const { host, port, scheme, path, query } = situation;
  if (field === 'HTTP["url"]') return [decodePath(path)];
  if (field === 'HTTP["scheme"]') return [scheme];
  if (field === 'SERVER["socket"]') return [situation.socket];
  if (field !== 'HTTP["host"]') return [query ?? ''];
  const isDefault = port === (scheme === 'https' ? 443 : 80);
  const isPattern = operator === '=~' || operator === '!~';
  if (isDefault || !isPattern) return [host];
  return situation.isLiteral ? [`${host}:${port}`] : [`${host}:${port}`, host];
}

/** The captures of a comparison, or undefined. A `==` is glued into a pattern for them, so that `%0` is the whole. */
function compare(
  { field, operator, value }: ContextCondition,
  subject: string,
  isLiteral: boolean,
): readonly string[] | undefined {
  const isHost = field === 'HTTP["host"]';
  const wanted = isHost && operator !== '=~' && operator !== '!~' ? nameOf(value, isLiteral) : value;
  if (operator === '==' || operator === '!=') return subject === wanted ? [subject] : undefined;
  if (operator === '=^') return subject.startsWith(wanted) ? [wanted] : undefined;
  if (operator === '=$') return subject.endsWith(wanted) ? [wanted] : undefined;
  const compiled = compilePcre(value);
  const match = 'regExp' in compiled ? compiled.regExp.exec(subject) : null;
  return match === null ? undefined : [...match];
}

/** The name in a comparison: its port is ignored, and capitals never match unless they are taken for what was meant. */
function nameOf(value: string, isLiteral: boolean): string {
  const name = value.replace(/:\d+$/, '');
  return isLiteral ? name : name.toLowerCase();
}

/** What a condition is about, and whether our language can say it. */
export function meaningOf(condition: ContextCondition): ConditionMeaning {
  const known = meanings.get(condition);
  if (known !== undefined) return known;
  const meaning = findMeaning(condition);
  meanings.set(condition, meaning);
  return meaning;
}

const meanings = new WeakMap<ContextCondition, ConditionMeaning>();

function findMeaning({ field, operator, value }: ContextCondition): ConditionMeaning {
  if (field === 'SERVER["socket"]' && operator === '==') return { about: 'socket' };
  if (field === 'HTTP["scheme"]') return { about: 'scheme' };
  const pattern = patternOf(operator, value);
  if (field === 'HTTP["host"]') {
    const found = namesOfPattern(pattern);
    if (found === undefined) return { about: 'unknown', reason: 'its names cannot be listed' };
    return { about: 'host', names: found.names, remarks: found.remarks };
  }
  if (field === 'HTTP["url"]') {
    const found = regionsOfPattern(pattern, 'path');
    if (found === undefined)
      return { about: 'unknown', reason: 'it is about more than whole subtrees and exact paths' };
    return { about: 'path', ...found };
  }
  return { about: 'unknown', reason: `our language does not ask for $${field}` };
}

/** The endings of paths that a condition is about, and nothing else; undefined for any other condition. */
export function endingsOf(condition: ContextCondition | undefined): string[] | undefined {
  if (condition?.field !== 'HTTP["url"]' || (condition.operator !== '=~' && condition.operator !== '=$'))
    return undefined;
  return endingsOfPattern(patternOf(condition.operator, condition.value));
}

/** The condition's value as a pattern. */
function patternOf(operator: ContextCondition['operator'], value: string): string {
  if (operator === '=~' || operator === '!~') return value;
  const text = escapeRegExp(value);
  if (operator === '=^') return `^${text}`;
  return operator === '=$' ? `${text}$` : `^${text}$`;
}
