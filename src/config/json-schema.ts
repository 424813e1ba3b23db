// The JSON Schema of a document, short forms included: for editors, and the source of the reference manual.
import { z } from 'zod';
import type { FeatureDeclaration, FeatureTable } from './feature-table.ts';
import { settingsSchema } from './schema.ts';
import { SITE_SCHEMAS } from './tls-schema.ts';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The schema of documents that may use `features`. */
export function buildJsonSchema(features: FeatureTable): JsonSchema {
  const { $schema, properties, ...settings } = toJsonSchema(settingsSchema) as {
    $schema: string;
    properties: JsonSchema;
  };
  const { required: _required, ...rest } = settings as { required?: unknown };
  return {
    $schema,
    title: 'Portico configuration',
    ...rest,
    properties: {
      ...properties,
      sites: {
        description:
          'What is served under which host names: `www.example.com`, `*.example.net`, `*` for any other name, several separated by commas, each possibly with `:port`.',
        type: 'object',
        minProperties: 1,
        additionalProperties: { $ref: '#/$defs/site' },
      },
      defaults: { ...ref('features'), description: 'Features of every mount that does not set them itself.' },
    },
    required: ['sites'],
    $defs: definitions(features),
  };
}

/** {@link buildJsonSchema} as text. */
export function printJsonSchema(features: FeatureTable): string {
  return `${JSON.stringify(buildJsonSchema(features), undefined, 2)}\n`;
}

function definitions(features: FeatureTable): JsonSchema {
  const wrapping = features.list.filter((feature) => feature.role !== 'serve');
  const options = features.list.map((feature) => [`feature-${feature.name}`, optionSchema(feature)] as const);
  return {
    site: {
      anyOf: [ref('address'), ref('site-mount'), ref('paths')],
    },
    'site-mount': {
      ...mountSchema(features, siteProperties()),
      description: 'What serves a whole site, the features that stand before it, and what concerns the site.',
    },
    paths: {
      description:
        'A map of public paths: a key that ends in `/` covers all below it, any other exactly itself, `=/` (a `=` before the slash) exactly a path that ends in one.',
      type: 'object',
      properties: {
        defaults: { ...ref('features'), description: 'Features of every mount of this site that does not set them.' },
        ...siteProperties(),
      },
      patternProperties: { '^(/|=/(.*/)?$)': { anyOf: [ref('address'), ref('mount')] } },
      additionalProperties: false,
      minProperties: 1,
    },
    mount: mountSchema(features, {}),
    ...Object.fromEntries(
      Object.entries(SITE_SCHEMAS).map(([name, schema]) => [`site-${name}`, withoutDialect(toJsonSchema(schema))]),
    ),
    features: { type: 'object', properties: featureProperties(wrapping), additionalProperties: false },
    address: {
      description: 'The URL of a backend (http:, https:, h2c:, unix:) or a folder of files (./x, ../x, /x).',
      type: 'string',
      pattern: String.raw`^(https?:|h2c:|unix:|\.{1,2}(/|$)|/|[A-Za-z]:[\\/]|.*\$\{)`,
    },
    ...Object.fromEntries(options),
  };
}

function mountSchema(features: FeatureTable, more: JsonSchema): JsonSchema {
  return {
    description: 'What serves a path, and the features that stand before it.',
    type: 'object',
    properties: { ...featureProperties(features.list), ...besideProperties(features.list), ...more },
    additionalProperties: false,
    oneOf: features.serving.map((name) => ({ type: 'object', properties: { [name]: {} }, required: [name] })),
  };
}

function siteProperties(): JsonSchema {
  return Object.fromEntries(Object.keys(SITE_SCHEMAS).map((name) => [name, ref(`site-${name}`)]));
}

function featureProperties(features: readonly FeatureDeclaration[]): JsonSchema {
  return Object.fromEntries(features.map(({ name }) => [name, ref(`feature-${name}`)]));
}

function besideProperties(features: readonly FeatureDeclaration[]): JsonSchema {
  const names = new Set(features.map(({ name }) => name));
  const pairs = features.flatMap((feature) =>
    (feature.besides ?? [])
      .filter((option) => !names.has(option))
      .map((option) => [option, optionsOf(feature)?.[option] ?? {}]),
  );
  return Object.fromEntries(pairs) as JsonSchema;
}

/** The long form of a feature, or its shorthand, or true and false where it can be switched. */
function optionSchema(feature: FeatureDeclaration): JsonSchema {
  const long = withoutDialect(toJsonSchema(feature.options));
  const short = feature.shorthand === undefined ? undefined : optionsOf(feature)?.[feature.shorthand];
  const forms = [long, ...(short === undefined ? [] : [short]), ...SWITCHES[feature.role]];
  const { description } = long;
  return forms.length === 1 ? long : { ...(description === undefined ? {} : { description }), anyOf: forms };
}

/** How features of each role are switched on and off. */
const SWITCHES: Readonly<Record<FeatureDeclaration['role'], readonly JsonSchema[]>> = {
  serve: [],
  setting: [{ const: false }],
  wrap: [{ type: 'boolean' }],
  observe: [{ type: 'boolean' }],
};

/** The options of a feature by name, if its long form is a map. */
export function optionsOf(feature: FeatureDeclaration): Readonly<Record<string, JsonSchema>> | undefined {
  return toJsonSchema(feature.options)['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
}

function ref(name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` };
}

function withoutDialect({ $schema: _dialect, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** What a document may say, so before transforms and with defaults left out. Functions have no JSON form: anything. */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ jsonSchema }) {
      if (jsonSchema['path'] === true) jsonSchema.format = 'path';
      // Our own marks mean nothing to others.
      for (const mark of ['path', 'secret']) Reflect.deleteProperty(jsonSchema, mark);
    },
  }) as JsonSchema;
}
