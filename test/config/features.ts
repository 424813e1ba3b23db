// A small list of made-up features for tests of the configuration: one of every shape, none of which does anything.
import { z } from 'zod';
import { type FeatureDeclaration, FeatureTable } from '../../src/config/feature-table.ts';
import { countOption, durationOption, pathOption, secretOption, sizeOption } from '../../src/exchange/option-types.ts';

const endpoint = z.string().refine((text) => /^(?:(?:https?|h2c):\/\/[^/\s]+|unix:\/)/.test(text), {
  error: 'expected a URL such as http://127.0.0.1:8081',
});

const list: FeatureDeclaration[] = [
  { name: 'access-log', role: 'observe', options: z.strictObject({ file: pathOption().optional() }) },
  {
    name: 'auth',
    role: 'wrap',
    options: z.strictObject({
      user: z.string().min(1),
      password: secretOption().min(8),
      realm: z.string().prefault('-'),
    }),
  },
  { name: 'limits', role: 'wrap', options: z.strictObject({ body: sizeOption(), rate: countOption(1).optional() }) },
  { name: 'headers', role: 'wrap', options: z.record(z.string().regex(/^[\w-]+$/), z.union([z.string(), z.null()])) },
  {
    name: 'vhost',
    role: 'wrap',
    appliesTo: ['proxy'],
    shorthand: 'dialect',
    options: z.strictObject({ dialect: z.enum(['nevow', 'zope']), root: z.string().optional() }),
  },
  { name: 'compress', role: 'wrap', options: z.strictObject({ level: z.int().min(1).max(9).prefault(4) }) },
  {
    name: 'proxy',
    role: 'serve',
    shorthand: 'to',
    options: z.strictObject({
      to: z.union([endpoint, z.array(endpoint).min(1)]),
      host: z.enum(['public', 'upstream']).prefault('public'),
      timeout: z.union([z.literal(false), durationOption()]).optional(),
    }),
  },
  {
    name: 'files',
    role: 'serve',
    shorthand: 'root',
    options: z.strictObject({
      root: pathOption(),
      index: z.array(z.string()).prefault(['index.html']),
      list: z.boolean().optional(),
    }),
  },
  {
    name: 'redirect',
    role: 'serve',
    shorthand: 'to',
    besides: ['status'],
    options: z.strictObject({
      to: z.string().min(1),
      status: z.union([z.literal(301), z.literal(302), z.literal(308)]).prefault(308),
    }),
  },
  {
    name: 'respond',
    role: 'serve',
    options: z.union([
      z
        .int()
        .min(200)
        .max(599)
        .transform((status) => ({ status, body: '' })),
      z.strictObject({ status: z.int().min(200).max(599).prefault(200), body: z.string().prefault('') }),
    ]),
  },
  { name: 'handler', role: 'serve', options: z.custom((value) => typeof value === 'function', 'expected a function') },
];

/** The table of the made-up features. */
export const testFeatures = new FeatureTable(list);
