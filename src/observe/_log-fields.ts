// The fields of a log message as plain data: errors spelled out, credentials of header lists hidden, depth bounded.
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { truncate } from './escape.ts';

/** Headers whose values are credentials. A log that shows them hands them to everybody who may read it. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'authentication-info',
]);
const HIDDEN = '(hidden)';
/** Names that a message has by itself: a field of that name gets an underscore, so that it cannot pose as it. */
const OWN_NAMES: ReadonlySet<string> = new Set(['time', 'level', 'pid', 'message']);
const DEPTH_LIMIT = 4;
const ELEMENTS_LIMIT = 100;
const TEXT_LIMIT = 16_384;

/**
 * A copy of `fields` that can be printed as JSON. Errors become their message, code and stack; lists of headers become
 * maps; what is called like a header of credentials is hidden at any depth. What is deeper than four levels, or behind
 * the hundredth element, is left out; long texts are cut.
 */
export function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    present.map(([name, value]) => [OWN_NAMES.has(name) ? `${name}_` : name, plainMember(name, value, DEPTH_LIMIT)]),
  );
}

function plainMember(name: string, value: unknown, depth: number): unknown {
  return CREDENTIAL_HEADERS.has(name.toLowerCase()) ? HIDDEN : plainValue(value, depth);
}

function plainValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return truncate(value, TEXT_LIMIT);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '(function)';
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '(...)';
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (isHeaderList(value)) return plainHeaders(value);
  if (Array.isArray(value)) return plainArray(value, depth);
  return Symbol.iterator in value
    ? plainArray(firstElements(value as Iterable<unknown>), depth)
    : plainObject(value, depth);
}

/** An iterable may have no end. */
function firstElements(iterable: Iterable<unknown>): unknown[] {
  const elements: unknown[] = [];
  for (const element of iterable) if (elements.push(element) === ELEMENTS_LIMIT) break;
  return elements;
}

function plainError(error: Error, depth: number): unknown {
  const { name, message, stack = '', cause } = error;
  const code = 'code' in error ? { code: plainValue(error.code, depth - 1) } : {};
  const causes = cause === undefined ? {} : { cause: plainValue(cause, depth - 1) };
  return { name, message: truncate(message, TEXT_LIMIT), ...code, stack: truncate(stack, TEXT_LIMIT), ...causes };
}

function plainHeaders(headers: ReadonlyHeaderList): Record<string, string | string[]> {
  const plain: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index < Math.min(headers.length, ELEMENTS_LIMIT); index++) {
    const name = headers.lowerNameAt(index);
    const value = CREDENTIAL_HEADERS.has(name) ? HIDDEN : truncate(headers.valueAt(index), TEXT_LIMIT);
    const earlier = plain[name];
    plain[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return plain;
}

/** Headers come as pairs too. */
function plainArray(array: readonly unknown[], depth: number): unknown[] {
  const [name, value] = array;
  if (array.length === 2 && typeof name === 'string') return [name, plainMember(name, value, depth - 1)];
  return array.slice(0, ELEMENTS_LIMIT).map((element) => plainValue(element, depth - 1));
}

function plainObject(object: object, depth: number): Record<string, unknown> {
  const members = Object.entries(object).slice(0, ELEMENTS_LIMIT);
  return Object.fromEntries(members.map(([name, value]) => [name, plainMember(name, value, depth - 1)]));
}

function isHeaderList(value: object): value is ReadonlyHeaderList {
  return 'lowerNameAt' in value && 'valueAt' in value;
}
