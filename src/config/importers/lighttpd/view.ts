// The settings in force for one request: the last matching block wins, directive by directive.

import { type ContextMatch, matchContexts, type Situation } from './conditions.ts';
import type { Context } from './contexts.ts';
import type { Setting, Value } from './values.ts';

/** A setting with the captures of the condition directly around it. */
export interface EffectiveSetting {
  readonly setting: Setting;
  readonly match: ContextMatch;
}

/** What is set for one request. */
export class SettingsView {
  readonly situation: Situation;
  readonly #matches: readonly ContextMatch[];

  constructor(contexts: readonly Context[], situation: Situation) {
    this.situation = situation;
    this.#matches = matchContexts(contexts, situation);
  }

  applies(context: Context): boolean {
    return this.#matches.some((match) => match.context === context);
  }

  /** The setting of `name` in force. */
  find(name: string): EffectiveSetting | undefined {
    const found = this.findBlock([name]);
    return found?.[0];
  }

  value(name: string): Value | undefined {
    return this.find(name)?.setting.value;
  }

  /** The settings of any of `names` in the last block that has one of them, in the order of `names`. */
  findBlock(names: readonly string[]): EffectiveSetting[] | undefined {
    for (let index = this.#matches.length - 1; index >= 0; index--) {
      const match = this.#matches[index];
      const settings = match === undefined ? [] : names.flatMap((name) => match.context.settings.get(name) ?? []);
      if (match !== undefined && settings.length > 0) return settings.map((setting) => ({ setting, match }));
    }
    return undefined;
  }
}
