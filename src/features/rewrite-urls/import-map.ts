// The import map that sends root-relative module specifiers into the mount, alone or merged into a page's own.
import { createHash } from 'node:crypto';
import type { UrlMap } from '../../rewrite/url-map.ts';

/** Immutable, for one public view. */
export class ImportMap {
  /** JSON, as it stands in a script element: without `<`. */
  readonly text: string;
  /** Its hash, as policies have it. */
  readonly integrity: string;
  readonly #imports: Readonly<Record<string, string>>;

  private constructor(imports: Readonly<Record<string, string>>) {
    this.#imports = imports;
    this.text = print({ imports });
    this.integrity = `sha256-${createHash('sha256').update(this.text, 'latin1').digest('base64')}`;
  }

  /**
   * Undefined where specifiers need nothing, and where a path below the mount may be one of the backend's: what the
   * rewriter has mapped would be mapped again. Paths in `except` stay.
   */
  static of(map: UrlMap, prefix: string, except: readonly string[]): ImportMap | undefined {
    if (!map.addsPrefix || prefix !== 'auto') return undefined;
    const { path } = map.public;
    const kept = [path, ...except].map((own) => [own, own] as const);
    return new ImportMap(Object.fromEntries([[map.backend.path, path], ...kept]));
  }

  /** `text` with these imports behind its own. Unchanged if it is no import map. */
  mergeInto(text: string): string {
    let own: unknown;
    try {
      own = JSON.parse(text);
    } catch {
      return text;
    }
    const imports = isObject(own) ? (own['imports'] ?? {}) : undefined;
    return isObject(own) && isObject(imports) ? print({ ...own, imports: { ...this.#imports, ...imports } }) : text;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function print(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
