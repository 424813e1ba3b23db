// Maps one URL that stands in an attribute: by its bytes where it is written plainly, through the URL map where it is not.
import { PlainUrl } from '../plain-url.ts';
import { rewriteText, type Scanner } from '../scanner.ts';
import { replaceResolved, resolveValue } from './attribute-value.ts';
import type { Stage } from './stage.ts';

const SCRIPT_URL =
  /^[\0- ]*j[\t\n\r]*a[\t\n\r]*v[\t\n\r]*a[\t\n\r]*s[\t\n\r]*c[\t\n\r]*r[\t\n\r]*i[\t\n\r]*p[\t\n\r]*t[\t\n\r]*:/i;

/** Maps URLs in the windows of one document. */
export class UrlValue {
  readonly #stage: Stage;
  readonly #languages: { readonly script: Scanner };
  readonly #plain: PlainUrl;

  /** @param languages has the scanner for `javascript:` URLs. */
  constructor(stage: Stage, languages: { readonly script: Scanner }) {
    this.#stage = stage;
    this.#languages = languages;
    this.#plain = new PlainUrl(stage.map);
  }

  /** Maps the raw URL in `[start, end)`. */
  map(start: number, end: number): void {
    const { bytes, needles, edits } = this.#stage;
    if (this.#plain.map(bytes, start, end, needles, edits) === 'unknown') this.#mapWith(start, end);
  }

  #mapWith(start: number, end: number): void {
    const { window, map, edits } = this.#stage;
    const raw = window.slice(start, end);
    if (!map.isExamined(raw)) return;
    const mapped = map.toPublicEscaped(raw, 'html');
    if (mapped !== raw) {
      edits.replace(start, end, mapped);
      return;
    }
    const value = resolveValue(raw, start);
    const scheme = SCRIPT_URL.exec(value.text)?.[0];
    if (scheme === undefined) return;
    const script = value.text.slice(scheme.length);
    const rewritten = rewriteText(this.#languages.script, script);
    if (rewritten === script) return;
    replaceResolved(value, scheme.length, value.text.length, rewritten, edits);
  }
}
