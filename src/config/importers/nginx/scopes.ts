// The nested blocks of nginx.conf as scopes that inherit: http, server, location, if.
import type { Directive } from './parser.ts';
import { wordsOf } from './parser.ts';

/** A block and the blocks around it. */
export class Scope {
  readonly directive: Directive | undefined;
  readonly parent: Scope | undefined;
  /** In the order of the file. */
  readonly list: readonly Directive[];
  readonly #own = new Map<string, Directive[]>();

  constructor(directives: readonly Directive[], directive: Directive | undefined, parent: Scope | undefined) {
    this.directive = directive;
    this.parent = parent;
    this.list = directives;
    for (const inner of directives) this.#own.set(inner.name, [...(this.#own.get(inner.name) ?? []), inner]);
  }

  /** The directives of that name in this block itself. */
  own(name: string): readonly Directive[] {
    return this.#own.get(name) ?? [];
  }

  /** The directives of that name in the innermost block that has any: nginx never joins levels. */
  all(name: string): readonly Directive[] {
    const own = this.own(name);
    return own.length > 0 || this.parent === undefined ? own : this.parent.all(name);
  }

  /** The one in force. */
  find(name: string): Directive | undefined {
    return this.all(name)[0];
  }

  /** The words of the one in force. */
  words(name: string): string[] | undefined {
    const directive = this.find(name);
    return directive && wordsOf(directive);
  }

  /** The first word of the one in force. */
  word(name: string): string | undefined {
    return this.words(name)?.[0];
  }
}

/** A scope for the block of `directive`. */
export function openScope(directive: Directive, parent: Scope): Scope {
  return new Scope(directive.block ?? [], directive, parent);
}
