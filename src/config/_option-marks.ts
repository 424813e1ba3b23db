// Finds the parts of a value whose schema carries a mark (`path`, `secret`) and changes them. Knows the inside of zod.
import { z } from 'zod';
import type { OptionMarks } from '../exchange/option-types.ts';

type Schema = z.core.$ZodType;

/**
 * `value`, or a copy of it, in which every text whose schema is marked with `mark` went through `change`. Looks at the value as
 * it stands in the document, before the schema transforms it. Unions: the options that take the value, else all of them.
 */
export function mapMarked(
  schema: Schema,
  value: unknown,
  mark: keyof OptionMarks,
  change: (text: string) => string,
): unknown {
  if (!mayHaveMark(schema, mark)) return value;
  if (typeof value === 'string') return hasMark(schema, value, mark) ? change(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const branches = innerSchemas(schema, value);
  const mapChild = (child: unknown, key: string | number) =>
    branches.reduce<unknown>((result, branch) => {
      const childSchema = schemaOfChild(branch, key);
      return childSchema === undefined ? result : mapMarked(childSchema, result, mark, change);
    }, child);
  if (Array.isArray(value)) return value.map(mapChild);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mapChild(child, key)]));
}

/** What is known of schemas: whether they, or any schema inside, have a mark. */
const marked: Record<keyof OptionMarks, WeakMap<Schema, boolean>> = { path: new WeakMap(), secret: new WeakMap() };

/** Whether any part of a value of this schema may have the mark. Looked up once for each schema: there are few. */
function mayHaveMark(schema: Schema, mark: keyof OptionMarks): boolean {
  const known = marked[mark].get(schema);
  if (known !== undefined) return known;
  const found =
    isMarked(schema, mark) ||
    // It may lead back to itself.
    schema._zod.def.type === 'lazy' ||
    [...alternatives(schema), ...childSchemas(schema)].some((inner) => mayHaveMark(inner, mark));
  marked[mark].set(schema, found);
  return found;
}

/** The keys that a map of this schema may have; empty if any, or if it is no map. */
export function keysOfSchema(schema: Schema): string[] {
  const { def } = schema._zod as { def: z.core.$ZodTypes['_zod']['def'] };
  return def.type === 'object' ? Object.keys(def.shape) : [];
}

function hasMark(schema: Schema, text: string, mark: keyof OptionMarks): boolean {
  return innerSchemas(schema, text).some((inner) => isMarked(inner, mark)) || isMarked(schema, mark);
}

function isMarked(schema: Schema, mark: keyof OptionMarks): boolean {
  return (z.globalRegistry.get(schema) as OptionMarks | undefined)?.[mark] === true;
}

/** The schemas that say what `value` itself is, behind `optional`, `default`, `transform`, unions and the like. */
function innerSchemas(schema: Schema, value: unknown): Schema[] {
  const options = alternatives(schema);
  if (options.length === 0) return [schema];
  const isUnion = schema._zod.def.type === 'union';
  const taking = isUnion ? options.filter((option) => z.safeParse(option, value).success) : options;
  return (taking.length > 0 ? taking : options).flatMap((option) => innerSchemas(option, value));
}

/** What a schema only wraps or puts together: each says something of the same value. None if it says it by itself. */
function alternatives(schema: Schema): readonly Schema[] {
  const { def } = schema._zod as { def: z.core.$ZodTypes['_zod']['def'] };
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return [def.innerType];
    case 'pipe':
      return [def.in];
    case 'lazy':
      return [def.getter()];
    case 'intersection':
      return [def.left, def.right];
    case 'union':
      return def.options;
    default:
      return [];
  }
}

/** The schemas of what a map or list of this schema has in it. */
function childSchemas(schema: Schema): readonly Schema[] {
  const { def } = schema._zod as { def: z.core.$ZodTypes['_zod']['def'] };
  if (def.type === 'object')
    return [...Object.values(def.shape), ...(def.catchall === undefined ? [] : [def.catchall])];
  if (def.type === 'record') return [def.valueType];
  if (def.type === 'array') return [def.element];
  return def.type === 'tuple' ? [...def.items, ...(def.rest === null ? [] : [def.rest])] : [];
}

function schemaOfChild(schema: Schema, key: string | number): Schema | undefined {
  const { def } = schema._zod as { def: z.core.$ZodTypes['_zod']['def'] };
  if (def.type === 'object') return def.shape[key] ?? def.catchall;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'array') return def.element;
  return def.type === 'tuple' && typeof key === 'number' ? (def.items[key] ?? def.rest ?? undefined) : undefined;
}
