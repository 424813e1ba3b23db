// The scanners for what is inside a document: each is made when the first of its kind comes, and used again.
import { CssScanner } from '../css/css-scanner.ts';
import { JsScanner } from '../js/js-scanner.ts';
import type { Scanner } from '../scanner.ts';
import { type ScriptLanguage, scannerForScript } from '../script.ts';
import type { UrlMap } from '../url-map.ts';
import type { AttributeLanguages } from './attribute-rewriter.ts';
import type { HtmlFindings } from './findings.ts';
import type { HtmlOptions } from './html-scanner.ts';

/** Serves one document. Elements and attributes have scanners of their own: an attribute never interrupts an element. */
export class Languages implements AttributeLanguages {
  readonly #map: UrlMap;
  readonly #options: HtmlOptions;
  readonly #makeDocument: () => Scanner | undefined;
  readonly #findings: () => HtmlFindings;
  readonly #scripts = new Map<ScriptLanguage, Scanner>();
  #css: Scanner | undefined;
  #styleElement: Scanner | undefined;
  #script: Scanner | undefined;
  #document: Scanner | undefined;

  /** @param makeDocument makes the scanner for a `srcdoc`, unless documents are nested too deep. */
  constructor(
    map: UrlMap,
    options: HtmlOptions,
    makeDocument: () => Scanner | undefined,
    findings: () => HtmlFindings,
  ) {
    this.#map = map;
    this.#options = options;
    this.#makeDocument = makeDocument;
    this.#findings = findings;
  }

  get css(): Scanner {
    return (this.#css ??= new CssScanner(this.#map, this.#options));
  }

  get script(): Scanner {
    return (this.#script ??= new JsScanner(this.#map, this.#options));
  }

  openDocument(): Scanner | undefined {
    return (this.#document ??= this.#makeDocument());
  }

  get needsReferrer(): boolean {
    return this.#options.needsReferrer ?? false;
  }

  addPolicy(policy: string): void {
    this.#findings().addPolicy(policy);
  }

  /** The scanner for the content of style elements. */
  get styleElement(): Scanner {
    return (this.#styleElement ??= new CssScanner(this.#map, this.#options));
  }

  /** Whether only authorities matter in a script of that language that begins at `start`. False is no proof. */
  isText(language: ScriptLanguage, bytes: Buffer, start: number, end: number): boolean {
    if (language === 'text') return true;
    return language === 'json' && (this.#options.strings?.size ?? 0) === 0 && !mayBeOpenApi(bytes, start, end);
  }

  /** The scanner for the content of a script element. */
  forScript(type: string | undefined, language: ScriptLanguage): Scanner {
    const known = this.#scripts.get(language);
    if (known !== undefined) return known;
    const scanner = scannerForScript(type, this.#map, this.#options);
    this.#scripts.set(language, scanner);
    return scanner;
  }
}

/** An API description names itself in its first member, `openapi` or `swagger`; it has URLs without an authority. */
function mayBeOpenApi(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] !== 0x22) at++;
  return bytes[at + 1] === 0x6f || bytes[at + 1] === 0x73;
}
