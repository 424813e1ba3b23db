// The real servers check the fixtures: what is called valid must be, and what is called invalid must not.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { skipUnless } from '../kit/debian.ts';
import { fixtureOf, readFixtures } from './fixtures.ts';
import { checkCommand, PROGRAMS, serverEnvironment, writeFixture } from './real-servers.ts';
import { readRecipes } from './recipes.ts';

for (const language of ['lighttpd', 'apache', 'nginx'] as const) {
  const skip = skipUnless(PROGRAMS[language], 'openssl');
  const recipes = readRecipes().filter((recipe) => recipe.language === language);
  const fromRecipes = recipes.map(({ name, text }) => fixtureOf(language, `recipe ${name}`, text));
  for (const fixture of [...readFixtures(language), ...fromRecipes]) {
    const verb = fixture.options.has('invalid') ? 'refuses' : 'takes';
    test(`${PROGRAMS[language]} ${verb} ${fixture.name}`, { skip, timeout: 120_000 }, async (t) => {
      const written = await writeFixture(t, fixture, new Map());
      const [command, args] = checkCommand(written);
      const { status, stdout, stderr } = spawnSync(command, args, {
        encoding: 'utf8',
        timeout: 120_000,
        env: { ...process.env, ...serverEnvironment(written.folder) },
      });
      const isTaken = status === 0;
      assert.equal(isTaken, verb === 'takes', `${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
    });
  }
}
