// The list of features as the configuration sees it: names, roles, which keys belong to whom. Nothing of what they do.
import type { Feature } from '../exchange/feature.ts';

/** The part of a feature that configuration knows. */
export type FeatureDeclaration = Pick<
  Feature,
  'name' | 'role' | 'options' | 'appliesTo' | 'shorthand' | 'byDefault' | 'besides'
>;

/** The features that a document may use, in their default order. */
export class FeatureTable {
  readonly list: readonly FeatureDeclaration[];
  /** The features of which a mount has exactly one. */
  readonly serving: readonly string[];
  readonly #byName: ReadonlyMap<string, FeatureDeclaration>;

  /** Throws a RangeError if two features have one name. */
  constructor(list: readonly FeatureDeclaration[]) {
    this.list = list;
    this.serving = list.filter((feature) => feature.role === 'serve').map((feature) => feature.name);
    this.#byName = new Map(list.map((feature) => [feature.name, feature]));
    if (this.#byName.size < list.length) throw new RangeError('Cannot use two features of one name');
  }

  get(name: string): FeatureDeclaration | undefined {
    return this.#byName.get(name);
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** The features that let the option `key` stand beside them. */
  ownersOf(key: string): FeatureDeclaration[] {
    return this.list.filter((feature) => feature.besides?.includes(key) === true);
  }
}

/** Whether a wrapping feature does something for a mount that `serving` serves. */
export function doesApply(feature: FeatureDeclaration, serving: string): boolean {
  return feature.appliesTo === undefined || feature.appliesTo.includes(serving);
}
