// A rule read from samples: how the outcome of a request follows from the path below a mount.

import type { FilesOutcome, Outcome, ProxyOutcome } from './outcome.ts';
import { decodePath } from './percent.ts';

/** How a text follows from a request: `base` and the rest of the path, or `base` always. */
export interface PathRule {
  readonly base: string;
  /** Whether the path below the mount is appended to `base`. */
  readonly keepsRest: boolean;
  /** Whether the query of the request is appended. */
  readonly keepsQuery: boolean;
}

/** The outcome of every request below a mount. */
export type Served =
  | {
      readonly kind: 'proxy';
      readonly target: PathRule;
      readonly endpoints: readonly string[];
      readonly host: ProxyOutcome['host'];
    }
  | {
      readonly kind: 'files';
      readonly file: PathRule;
      readonly index: readonly string[];
      readonly list: boolean;
      readonly missing: Served | undefined;
    }
  | { readonly kind: 'redirect'; readonly location: PathRule; readonly status: number }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly body: string | undefined;
      readonly type: string | undefined;
    }
  | { readonly kind: 'unsupported' };

/** One sample: what was asked below the mount, and what came of it. */
export interface Sample {
  readonly rest: string;
  readonly query: string | undefined;
  readonly serve: Outcome['serve'];
}

/** Finds the rule behind samples that differ in rest and query; undefined if there is no such rule. */
export function findServed(samples: readonly Sample[]): Served | undefined {
  const first = samples[0]?.serve;
  if (first === undefined) return undefined;
  if (first.kind === 'unsupported') return first;
  if (samples.some(({ serve }) => serve.kind !== first.kind || fixedPart(serve) !== fixedPart(first))) return undefined;
  if (first.kind === 'respond') return { kind: 'respond', status: first.status, body: first.body, type: first.type };
  if (first.kind === 'redirect') {
    const location = findRule(samples, (serve) => (serve.kind === 'redirect' ? serve.location : ''));
    return location && { kind: 'redirect', location, status: first.status };
  }
  if (first.kind === 'proxy') {
    const target = findRule(samples, (serve) => (serve.kind === 'proxy' ? serve.target : ''));
    return target && { kind: 'proxy', target, endpoints: first.endpoints, host: first.host };
  }
  return findFiles(first, samples);
}

function findFiles(first: FilesOutcome, samples: readonly Sample[]): Served | undefined {
  const file = findRule(samples, (serve) => (serve.kind === 'files' ? serve.file : ''));
  if (file === undefined) return undefined;
  let missing: Served | undefined;
  if (first.missing !== undefined) {
    const inner = samples.flatMap(({ rest, query, serve }) =>
      serve.kind === 'files' && serve.missing !== undefined ? [{ rest, query, serve: serve.missing }] : [],
    );
    missing = findServed(inner);
    if (missing === undefined) return undefined;
  }
  return { kind: 'files', file, index: first.index, list: first.list, missing };
}

/** Everything of an outcome that must not depend on the path. */
function fixedPart(serve: Outcome['serve']): string {
  if (serve.kind === 'proxy') return JSON.stringify([serve.endpoints, serve.host]);
  if (serve.kind === 'files') return JSON.stringify([serve.index, serve.list, serve.missing?.kind]);
  if (serve.kind === 'redirect') return String(serve.status);
  return JSON.stringify(serve);
}

function findRule(samples: readonly Sample[], textOf: (serve: Outcome['serve']) => string): PathRule | undefined {
  const plain = samples.find(({ rest, query }) => rest !== '' && query === undefined) ?? samples[0];
  if (plain === undefined) return undefined;
  const text = textOf(plain.serve);
  const keepsRest = plain.rest !== '' && text.endsWith(plain.rest);
  const base = keepsRest ? text.slice(0, -plain.rest.length) : text;
  for (const keepsQuery of [true, false]) {
    const rule = { base, keepsRest, keepsQuery };
    if (samples.every(({ rest, query, serve }) => textOf(serve) === applyRule(rule, rest, query))) return rule;
  }
  return undefined;
}

/** What the rule makes of a request. */
export function applyRule(rule: PathRule, rest: string, query: string | undefined): string {
  const text = rule.base + (rule.keepsRest ? rest : '');
  return query === undefined || !rule.keepsQuery ? text : `${text}${text.includes('?') ? '&' : '?'}${query}`;
}

/** The rule as it reads from a mount that lies `below` (a path without slash in front) the one it was found for. */
export function moveServed(served: Served, below: string): Served {
  const move = (rule: PathRule): PathRule => (rule.keepsRest ? { ...rule, base: rule.base + below } : rule);
  if (served.kind === 'proxy') return { ...served, target: move(served.target) };
  if (served.kind === 'redirect') return { ...served, location: move(served.location) };
  if (served.kind === 'files')
    return {
      ...served,
      file: moveFile(served.file, below),
      missing: served.missing && moveServed(served.missing, below),
    };
  return served;
}

/** Names of files are not percent-encoded. */
function moveFile(rule: PathRule, below: string): PathRule {
  return rule.keepsRest ? { ...rule, base: rule.base + decodePath(below) } : rule;
}
