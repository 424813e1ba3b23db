// Importers never throw on content, and every directive is accounted for: fixtures cut, spliced and mixed at random.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseYaml } from '../../src/config/formats/yaml.ts';
import { detectLanguage, IMPORTERS } from '../../src/config/importers/detect.ts';
import type { ForeignLanguage } from '../../src/config/importers/importer.ts';
import { printImport } from '../../src/config/importers/print.ts';
import { createFixtureReader, readFixtures } from './fixtures.ts';

const languages = Object.keys(IMPORTERS) as ForeignLanguage[];
const fixtures = languages.flatMap(readFixtures);
const texts = fixtures.map(({ files }) => [...files.values()][0] ?? '');

/** A piece of some fixture, or something that no configuration has. */
const piece = fc.oneof(
  fc.tuple(fc.nat(texts.length - 1), fc.nat(4000), fc.nat(400)).map(([index, start, length]) => {
    const text = texts[index] ?? '';
    return text.slice(start % (text.length + 1), (start % (text.length + 1)) + length);
  }),
  fc.constantFrom(
    '"',
    "'",
    '{',
    '}',
    '(',
    ')',
    '<',
    '>',
    '\\',
    '\n',
    ';',
    '${',
    '$',
    '%{',
    '#',
    '=>',
    '\u0000',
    '\ufeff',
    'é',
    '\ud800',
  ),
  fc.string({ maxLength: 20 }),
);

for (const language of languages) {
  test(`the importer for ${language} takes anything`, { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, compat) => {
        const text = pieces.join('');
        const result = IMPORTERS[language](text, '/DIR/main.conf', () => [], { compat });
        const parsed = parseYaml(printImport(result, '/DIR/main.conf'));
        assert.deepEqual(parsed.mistakes, []);
        detectLanguage('/DIR/main.conf', text);
      }),
      { numRuns: 500, seed: 20261123, endOnFailure: true },
    );
  });
}

test('every fixture is recognised as what it is', () => {
  for (const fixture of fixtures) {
    const text = [...fixture.files.values()][0] ?? '';
    assert.equal(detectLanguage('/etc/some-site', text), fixture.language, `${fixture.language}/${fixture.name}`);
  }
});

test('our own documents are never foreign', () => {
  for (const name of ['portico.yaml', 'portico.yml', 'portico.json', 'portico.config.ts', 'x.mjs'])
    assert.equal(detectLanguage(`/x/${name}`, 'server { listen 80; }'), undefined);
});

test('a line more adds a directive that is spoken of or contributes', () => {
  const extra: Readonly<Record<ForeignLanguage, string>> = {
    lighttpd: '\nserver.made-up-for-this-test = "x"\n',
    apache: '\nMadeUpForThisTest x\n',
    nginx: '\nmade_up_for_this_test x;\n',
  };
  for (const fixture of fixtures.filter(({ options }) => !options.has('invalid'))) {
    const text = ([...fixture.files.values()][0] ?? '') + extra[fixture.language];
    const { diagnostics } = IMPORTERS[fixture.language](text, fixture.main, createFixtureReader(fixture));
    const found = diagnostics.filter(({ directive }) => /made.?up.?for.?this.?test/i.test(directive));
    assert.equal(found.length, 1, `${fixture.language}/${fixture.name}`);
    assert.equal(found[0]?.severity, 'warning');
  }
});
