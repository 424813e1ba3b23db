// Runs test/importers/<server>/*.txt: what becomes of a foreign configuration, and what is said about it.
// UPDATE_FIXTURES=1 rewrites the expectations; read the difference.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { FeatureTable } from '../../src/config/feature-table.ts';
import { IMPORTERS } from '../../src/config/importers/detect.ts';
import type { ForeignLanguage } from '../../src/config/importers/importer.ts';
import { printImport } from '../../src/config/importers/print.ts';
import { printImportDiagnostics } from '../../src/config/importers/print-diagnostics.ts';
import { loadValue } from '../../src/config/load.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { createFixtureReader, FIXTURE_DIR, readFixtures } from './fixtures.ts';

const features = new FeatureTable(builtInFeatures);

for (const language of Object.keys(IMPORTERS) as ForeignLanguage[]) {
  for (const fixture of readFixtures(language)) {
    test(`importer fixture ${language}/${fixture.name}`, { timeout: 120_000 }, () => {
      const text = [...fixture.files.values()][0] ?? '';
      const result = IMPORTERS[language](text, fixture.main, createFixtureReader(fixture), {
        compat: fixture.options.has('compat'),
        features: new Set(features.names),
      });
      const document = printImport(result, fixture.main)
        .replace(/^.*\n\n/, '')
        .trimEnd();
      const diagnostics = printImportDiagnostics(result.diagnostics, { hasColors: false, cwd: FIXTURE_DIR });
      if (process.env['UPDATE_FIXTURES'] === '1') fixture.update(document, diagnostics);
      else {
        assert.equal(document, fixture.document);
        assert.equal(diagnostics, fixture.diagnostics);
      }
      assert.deepEqual(parse(printImport(result, fixture.main)), JSON.parse(JSON.stringify(result.config)));
      const environment = { SITE: 'site' };
      const resolution = loadValue(result.config, { cwd: FIXTURE_DIR, features, environment });
      assert.ok(resolution.isValid, JSON.stringify(resolution, undefined, 2));
    });
  }
}
