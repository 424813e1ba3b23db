// The types of `portico.config.ts` know every built-in feature, and refuse what is plainly wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectRoot } from '../../test/kit/project-root.ts';
import { defineConfig } from '../config/define-config.ts';
import { builtInFeatures } from './index.ts';

test('every built-in feature has its input type in inputs.ts', () => {
  const source = readFileSync(join(projectRoot, 'src/features/inputs.ts'), 'utf8');
  const missing = builtInFeatures.filter(
    ({ name }) => !source.includes(`\n    ${name}: `) && !source.includes(`\n    '${name}': `),
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('defineConfig takes short and long forms and refuses wrong types (checked by the compiler)', () => {
  const config = defineConfig({
    listen: ['127.0.0.1:8080'],
    defaults: { timeouts: { upstreamHead: '2m' } },
    sites: {
      'a.example': 'http://127.0.0.1:1',
      'b.example': { proxy: ['http://127.0.0.1:1'], host: 'upstream', vhost: 'nevow' },
      'd.example': { '/old': { redirect: '/new', status: 308 }, '/gone': { respond: 410, headers: { response: {} } } },
      'c.example': { '/': './x', '/app/': { files: { root: './y', list: true } }, defaults: { host: 'public' } },
    },
  });
  assert.equal(Object.keys(config.sites).length, 4);
  // @ts-expect-error: no such key
  defineConfig({ sites: {}, lisen: ':80' });
  // @ts-expect-error: no such feature
  defineConfig({ sites: { a: { prxy: 'x' } } });
  // @ts-expect-error: no such option
  defineConfig({ sites: { a: { files: { rot: './x' } } } });
  // @ts-expect-error: no such choice
  defineConfig({ sites: { a: { proxy: 'http://x', host: 'upstram' } } });
  // @ts-expect-error: neither a path nor a feature
  defineConfig({ sites: { a: { '/': './x', static: './y' } } });
});
