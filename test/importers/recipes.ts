// Reads examples/recipes/: a configuration of another server, and ours for the same beside it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignLanguage } from '../../src/config/importers/importer.ts';
import { projectRoot } from '../kit/project-root.ts';

/** A recipe in both languages. */
export interface Recipe {
  /** `lighttpd-below-a-path`: the language, and what it is about. */
  readonly name: string;
  readonly language: ForeignLanguage;
  readonly text: string;
  readonly yaml: string;
}

/** All recipes, by name. */
export function readRecipes(): Recipe[] {
  const folder = join(projectRoot, 'examples', 'recipes');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.conf'))
    .sort()
    .map((file) => {
      const name = file.replace(/\.conf$/, '');
      const read = (ending: string) => readFileSync(join(folder, name + ending), 'utf8');
      return { name, language: asLanguage(name.split('-')[0] ?? ''), text: read('.conf'), yaml: read('.yaml') };
    });
}

function asLanguage(name: string): ForeignLanguage {
  if (name === 'lighttpd' || name === 'apache' || name === 'nginx') return name;
  throw new Error(`no language ${name}`);
}
