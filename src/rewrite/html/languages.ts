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

  addPolicy(policy: string): void {
    this.#findings().addPolicy(policy);
  }

  /** The scanner for the content of style elements. */
  get styleElement(): Scanner {
    return (this.#styleElement ??= new CssScanner(this.#map, this.#options));
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
