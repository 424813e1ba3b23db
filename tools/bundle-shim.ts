// Makes one minified function of the modules of the shim: puts them into one scope, in the order of their imports.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type MinifyOptions, minify } from 'terser';

/** What browsers that have what the shim needs understand. */
const OPTIONS: MinifyOptions = {
  ecma: 2020,
  module: true,
  toplevel: true,
  compress: {
    passes: 4,
    unsafe_arrows: true,
    unsafe_methods: true,
    pure_getters: true,
    keep_fargs: false,
    hoist_funs: true,
  },
  format: { ascii_only: true, comments: false },
};

const IMPORT = /^import\s[^;]*?from\s+'([^']+)';\n/gm;

const DECLARED = /^(export )?(?:const|let|class|function) (\w+)/gm;

/**
 * The function `(config) => ...` as an expression, made of the compiled module `entry`, which exports `start`. Throws for
 * an import that browsers do not have, and for two modules that export the same name.
 */
export async function bundleShim(entry: string): Promise<string> {
  const bundle = new Bundle();
  bundle.add(resolve(entry));
  const { code } = await minify(`export default (config) => {\n${bundle.text}\nstart(config);\n};`, OPTIONS);
  if (code === undefined) throw new Error('Cannot minify the shim: no code came back');
  return code.replace(/^export default\s*/, '').replace(/;$/, '');
}

class Bundle {
  text = '';
  readonly #seen = new Set<string>();
  readonly #names = new Set<string>();

  /** Adds a module behind those that it imports. */
  add(file: string): void {
    if (this.#seen.has(file)) return;
    this.#seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(IMPORT)) {
      if (!name.startsWith('.')) throw new Error(`Cannot bundle ${file}: it imports ${name}`);
      this.add(join(dirname(file), name));
    }
    const bare = this.#withOwnNames(text.replace(IMPORT, ''), file);
    this.text += bare.replace(/^export (?=\w)/gm, '').replace(/^\/\/# sourceMappingURL.*$/gm, '');
  }

  /** In one scope, private names that two modules have must differ. */
  #withOwnNames(text: string, file: string): string {
    let result = text;
    for (const [, isExported, name = ''] of text.matchAll(DECLARED)) {
      if (this.#names.has(name)) {
        if (isExported) throw new Error(`Cannot bundle ${file}: another module exports ${name} too`);
        result = result.replace(new RegExp(`\\b${name}\\b`, 'g'), `${name}_${this.#seen.size}`);
      }
      this.#names.add(name);
    }
    return result;
  }
}
