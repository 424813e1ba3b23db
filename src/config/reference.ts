// The reference manual of configurations, written from their JSON Schema: what editors show and what people read agree.
import { DIGITS_PATTERN, DURATION_PATTERN, SIZE_PATTERN } from '../exchange/option-types.ts';
import { printKeyPath } from './document.ts';
import type { FeatureTable } from './feature-table.ts';
import { buildJsonSchema, type JsonSchema } from './json-schema.ts';
import { SITE_SCHEMAS } from './tls-schema.ts';

/** The manual as Markdown. */
export function printReference(features: FeatureTable): string {
  const root = buildJsonSchema(features);
  const definitions = root['$defs'] as Readonly<Record<string, JsonSchema>>;
  const writer = new ReferenceWriter(definitions);
  const properties = propertiesOf(root) ?? {};
  const lines = [
    '# Configuration reference',
    '',
    'Generated from the schemas: `npm run generate` writes it, `npm run ok` fails if it is not up to date.',
    '`portico check --print` shows a configuration with every default written out.',
    '',
    '## Top of the document',
    '',
    ...writer.table(properties, root),
  ];
  for (const [name, schema] of Object.entries(properties)) {
    const inner = writer.longForm(schema);
    if (inner !== undefined && name !== 'sites' && name !== 'defaults')
      lines.push(`### \`${name}\``, '', ...writer.tables(inner, [name]));
  }
  lines.push('## Sites', '', ...SITES, '');
  for (const name of Object.keys(SITE_SCHEMAS))
    lines.push(`### \`${name}\``, '', ...writer.section(definitions[`site-${name}`] ?? {}, name));
  lines.push('## Mounts', '', ...MOUNTS, '');
  for (const feature of features.list) {
    lines.push(
      `### \`${feature.name}\``,
      '',
      ...writer.section(definitions[`feature-${feature.name}`] ?? {}, feature.name),
    );
    lines.push(...notesOf(feature), '');
  }
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

const MOUNTS = [
  'A mount is a map of features: exactly one that serves, and any others before it. In short, a text is a URL for `proxy`',
  'or a folder for `files`. `true` and `false` switch a feature that does not serve, where `defaults` or the feature has it so.',
];

const SITES = ['Keys that concern a site as a whole, beside its paths, or beside its features if it has no paths.'];

function notesOf({ role, appliesTo, besides, shorthand }: FeatureTable['list'][number]): string[] {
  const notes: string[] = [];
  if (role === 'serve') notes.push('Serves a mount: exactly one of its kind in each.');
  if (shorthand !== undefined) notes.push(`A value that is no map stands for \`${shorthand}\`.`);
  if (besides !== undefined) notes.push(`${besides.map((name) => `\`${name}\``).join(', ')} may stand beside it.`);
  if (appliesTo !== undefined) notes.push(`Only beside ${appliesTo.map((name) => `\`${name}\``).join(', ')}.`);
  return notes.length === 0 ? [] : [notes.join(' '), ''];
}

class ReferenceWriter {
  readonly #definitions: Readonly<Record<string, JsonSchema>>;

  constructor(definitions: Readonly<Record<string, JsonSchema>>) {
    this.#definitions = definitions;
  }

  /** A description, and the table of options or the kind of value. */
  section(schema: JsonSchema, name: string): string[] {
    const long = this.longForm(schema);
    const properties = long && propertiesOf(long);
    const description = textOf(schema['description'] ?? long?.['description']);
    const head = description === '' ? [] : [description, ''];
    if (long === undefined || properties === undefined) return [...head, `Value: ${this.kind(schema)}.`, ''];
    return [...head, ...this.tables(long, [name])];
  }

  /** The table of a map, and those of the maps in it. */
  tables(map: JsonSchema, path: readonly string[]): string[] {
    const properties = propertiesOf(map) ?? {};
    const inner = Object.entries(properties).flatMap(([key, schema]) => {
      const long = this.longForm(schema);
      const innerPath = [...path, key];
      return long === undefined ? [] : [`In \`${printKeyPath(innerPath)}\`:`, '', ...this.tables(long, innerPath)];
    });
    return [...this.table(properties, map), ...inner];
  }

  table(properties: Readonly<Record<string, JsonSchema>>, owner: JsonSchema): string[] {
    const required = (owner['required'] ?? []) as readonly string[];
    const rows = Object.entries(properties).map(([name, schema]) => {
      const fallback = schema['default'] === undefined ? '' : printDefault(schema['default']);
      const cells = [`\`${name}\``, this.kind(schema), required.includes(name) ? 'required' : fallback];
      return `| ${[...cells, textOf(schema['description'])].map(escapeCell).join(' | ')} |`;
    });
    const others = owner['additionalProperties'];
    if (typeof others === 'object' && others !== null) {
      const schema = others as JsonSchema;
      rows.push(
        `| ${['any other', this.kind(schema), '', textOf(schema['description'])].map(escapeCell).join(' | ')} |`,
      );
    }
    return rows.length === 0 ? [] : ['| key | value | default | |', '|---|---|---|---|', ...rows, ''];
  }

  /** The alternative of a schema that is a map with named keys, if it has one. */
  longForm(schema: JsonSchema): JsonSchema | undefined {
    const target = this.#follow(schema);
    if (propertiesOf(target) !== undefined) return target;
    const forms = (target['anyOf'] ?? []) as readonly JsonSchema[];
    for (const form of forms) {
      const found = this.longForm(form);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What kind of value a schema takes, in words. */
  kind(schema: JsonSchema): string {
    const target = this.#follow(schema);
    const choices = (target['enum'] ?? ('const' in target ? [target['const']] : undefined)) as unknown[] | undefined;
    if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
    const alternatives = (target['anyOf'] ?? target['oneOf']) as readonly JsonSchema[] | undefined;
    if (alternatives !== undefined && target['properties'] === undefined)
      return [...new Set(alternatives.map((alternative) => this.kind(alternative)))].join(' or ');
    if (target['type'] === 'array') return `list of ${this.kind((target['items'] ?? {}) as JsonSchema)}`;
    if (target['type'] === 'object') return 'map';
    if (target['format'] === 'path') return 'path';
    return KINDS[textOf(target['pattern'])] ?? WORDS[textOf(target['type'])] ?? 'anything';
  }

  #follow(schema: JsonSchema): JsonSchema {
    const name = textOf(schema['$ref']).replace('#/$defs/', '');
    return name === '' ? schema : (this.#definitions[name] ?? {});
  }
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: '`true`, `false`',
  null: 'nothing',
};

/** The patterns by which texts with a meaning are told from others. */
const KINDS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: 'duration',
  [SIZE_PATTERN]: 'size',
  [DIGITS_PATTERN]: 'whole number',
};

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> | undefined {
  return schema['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
}

function printDefault(value: unknown): string {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
    ? ''
    : `\`${printPlain(value)}\``;
}

function printPlain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
