// Variables in the values of nginx: what they stand for in one request, and which of them nobody can know here.

import { CLIENT_HOST_MARK, type Probe } from '../outcome.ts';
import { compilePcre } from '../pattern/pcre.ts';
import { findShape } from '../pattern/shape.ts';

/** What variables are expanded with. */
export interface VariableState {
  readonly probe: Probe;
  /** The decoded path, changed by rewrites. */
  readonly uri: string;
  /** The query, changed by rewrites. */
  readonly args: string | undefined;
  /** `$1` and named ones, of the last pattern that matched. */
  readonly captures: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
  /** Assigned by `set`. */
  readonly assigned: ReadonlyMap<string, string>;
  /** The first server_name. */
  readonly serverName: string;
  readonly documentRoot: string;
  /** `map` blocks by the variable that they set. */
  readonly maps: ReadonlyMap<string, VariableMap>;
}

/** A `map` block: values by the text of another variable. */
export interface VariableMap {
  readonly source: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

/** A text with its variables replaced. */
export interface Expanded {
  readonly text: string;
  /** Variables without a value here, such as `$http_user_agent`; they were replaced by nothing. */
  readonly unknown: readonly string[];
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/** Expands `$name` and `${name}`. */
export function expandVariables(text: string, state: VariableState): Expanded {
  const unknown: string[] = [];
  const expanded = text.replace(VARIABLE, (_, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    const value = variableValue(name, state);
    if (value === undefined) unknown.push(`$${name}`);
    return value ?? '';
  });
  return { text: expanded, unknown };
}

/** Whether there are variables in a text. */
export function hasVariables(text: string): boolean {
  return /\$(?:\{\w+\}|\w+)/.test(text);
}

/** The value of a variable; undefined if it depends on what a sample request does not have. */
export function variableValue(name: string, state: VariableState): string | undefined {
  if (/^\d$/.test(name)) return state.captures[Number(name)] ?? '';
  const assigned = state.assigned.get(name);
  if (assigned !== undefined) return assigned;
  if (Object.hasOwn(state.named, name)) return state.named[name] ?? '';
  const map = state.maps.get(name);
  return map === undefined ? BUILT_IN[name]?.(state) : mapValue(map, state);
}

/** Exact keys first, then patterns in their order, then `default`. Undefined if the source is not known. */
function mapValue({ source, entries }: VariableMap, state: VariableState): string | undefined {
  const maps = new Map(state.maps);
  // A map that leads back to itself has no value.
  for (const [name, map] of maps) if (map.entries === entries) maps.delete(name);
  const { text, unknown } = expandVariables(source, { ...state, maps });
  if (unknown.length > 0) return undefined;
  const subject = text.replaceAll(CLIENT_HOST_MARK, state.probe.host);
  const exact = entries.find(([key]) => key.toLowerCase() === subject.toLowerCase() && key !== 'default');
  const found =
    exact ?? entries.find(([key]) => matchesPattern(key, subject)) ?? entries.find(([key]) => key === 'default');
  const value = expandVariables(found?.[1] ?? '', { ...state, maps });
  return value.unknown.length > 0 ? undefined : value.text;
}

function matchesPattern(key: string, subject: string): boolean {
  const [, star, pattern] = /^~(\*?)(.*)$/s.exec(key) ?? [];
  if (pattern === undefined || findShape(pattern) === undefined) return false;
  const compiled = compilePcre(pattern, star === '*');
  return 'regExp' in compiled && compiled.regExp.test(subject);
}

const BUILT_IN: Readonly<Record<string, (state: VariableState) => string>> = {
  host: () => CLIENT_HOST_MARK,
  http_host: () => CLIENT_HOST_MARK,
  hostname: ({ serverName }) => serverName,
  server_name: ({ serverName }) => serverName,
  server_port: ({ probe }) => String(probe.port),
  scheme: ({ probe }) => probe.scheme,
  https: ({ probe }) => (probe.scheme === 'https' ? 'on' : ''),
  request_method: () => 'GET',
  request_uri: ({ probe }) => (probe.query === undefined ? probe.path : `${probe.path}?${probe.query}`),
  uri: ({ uri }) => uri,
  document_uri: ({ uri }) => uri,
  args: ({ args }) => args ?? '',
  query_string: ({ args }) => args ?? '',
  is_args: ({ args }) => (args === undefined || args === '' ? '' : '?'),
  document_root: ({ documentRoot }) => documentRoot,
  request_filename: ({ documentRoot, uri }) => documentRoot + uri,
};
