// `${NAME}` and `${NAME:-default}` in the texts of a document.
import { nearestWord } from '../util/nearest-word.ts';
import type { Steps } from '../util/slices.ts';
import type { MistakeList } from './diagnostics.ts';
import { DEPTH_LIMIT, type KeyPath } from './document.ts';

/** The variables that a document may use. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * A copy of `value` with the variables in its texts replaced (keys are left alone). An undefined variable without default
 * is a mistake; an empty one counts as undefined where there is a default, as in a shell. `$${` stands for `${`.
 * A step is a site. What is neither text, list nor plain map (a function, a class instance in a script) is passed on as it is.
 */
export function* expandEnvironment(value: unknown, environment: Environment, mistakes: MistakeList): Steps<unknown> {
  const expansion = new Expansion(environment, mistakes);
  if (!isPlainObject(value)) return expansion.expand(value, []);
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (key !== 'sites' || !isPlainObject(item)) {
      entries.push([key, expansion.expand(item, [key])]);
      continue;
    }
    const sites: [string, unknown][] = [];
    for (const [name, site] of Object.entries(item)) {
      sites.push([name, expansion.expand(site, [key, name])]);
      yield;
    }
    entries.push([key, Object.fromEntries(sites)]);
  }
  return Object.fromEntries(entries);
}

class Expansion {
  readonly #environment: Environment;
  readonly #mistakes: MistakeList;

  constructor(environment: Environment, mistakes: MistakeList) {
    this.#environment = environment;
    this.#mistakes = mistakes;
  }

  expand(value: unknown, path: KeyPath): unknown {
    if (typeof value === 'string') return value.includes('${') ? this.#expandText(value, path) : value;
    if (!Array.isArray(value) && !isPlainObject(value)) return value;
    if (path.length > DEPTH_LIMIT) {
      this.#mistakes.atValue(path, `the document has more than ${DEPTH_LIMIT} levels`);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, index) => this.expand(item, [...path, index]));
    const entries = Object.entries(value).map(([key, item]) => [key, this.expand(item, [...path, key])]);
    return Object.fromEntries(entries);
  }

  #expandText(text: string, path: KeyPath): string {
    return text.replace(REFERENCE, (found, name: string | undefined, fallback: string | undefined) => {
      if (found === '$${') return '${';
      if (name === undefined) {
        const message = 'expected the name of a variable and a closing brace behind ${';
        this.#mistakes.atValue(path, message, 'write $${ for these two characters themselves');
        this.#mistakes.silence(path);
        return '';
      }
      const set = this.#environment[name];
      if (set !== undefined && (set !== '' || fallback === undefined)) return set;
      if (fallback === undefined) this.#refuseUndefined(name, path);
      return fallback ?? '';
    });
  }

  #refuseUndefined(name: string, path: KeyPath): void {
    const near = nearestWord(name, Object.keys(this.#environment));
    const suggestion = near === undefined ? `set it, or give a default: \${${name}:-...}` : `did you mean \${${near}}?`;
    this.#mistakes.atValue(path, `the environment variable ${name} is not set`, suggestion);
    this.#mistakes.silence(path);
  }
}

/** Whether `value` is a map as documents have them: not a list, not an instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
