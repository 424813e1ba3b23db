// The recipes in examples/recipes/: what the original's words are imported to is what stands beside them in ours.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { FeatureTable } from '../../src/config/feature-table.ts';
import { IMPORTERS } from '../../src/config/importers/detect.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { readRecipes } from './recipes.ts';

const features = new Set(new FeatureTable(builtInFeatures).names);

for (const { name, language, text, yaml } of readRecipes()) {
  test(`the recipe ${name} is imported to what stands beside it`, () => {
    const { config, diagnostics } = IMPORTERS[language](text, `/srv/${name}.conf`, () => [], { features });
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
    );
    const placed = JSON.parse(
      JSON.stringify(config).replaceAll(/\/srv\/(?:site|project\/static)/g, '../demo/static'),
    ) as unknown;
    assert.deepEqual(placed, parse(yaml));
  });
}

test('there is a recipe for each language', () => {
  assert.deepEqual([...new Set(readRecipes().map(({ language }) => language))].sort(), ['apache', 'lighttpd', 'nginx']);
});
