// Whether the parser is inside SVG or MathML: the one thing the tokenizer must hear from the tree (CDATA, raw text).

/**
 * The open elements from the outermost `svg` or `math` inward; empty while the document is in HTML content.
 *
 * This follows the "tree construction dispatcher" of the HTML standard as far as the tokenizer can notice: namespaces,
 * integration points, elements that break out, and the loop over end tags. It keeps no stack of the HTML around it, so an
 * end tag that leaves the foreign part is believed if it names an element that is not SVG or MathML.
 */
export class ForeignContent {
  readonly #names: string[] = [];
  readonly #kinds: Kind[] = [];

  /** Whether anything foreign is open. While not, only `svg` and `math` start tags need to be told. */
  get isOpen(): boolean {
    return this.#kinds.length > 0;
  }

  /** Whether the current node is foreign: CDATA sections exist, and `]]>` ends them. */
  get isForeignNode(): boolean {
    const kind = this.#kinds.at(-1);
    return kind !== undefined && kind !== 'html';
  }

  /**
   * Tells of a start tag. Answers whether it is handled as HTML: only then its name decides how its content is read.
   * `attribute` gives an attribute's value (or undefined) and is asked for `font` and `annotation-xml` only.
   */
  openTag(name: string, isSelfClosing: boolean, attribute: (name: string) => string | undefined): boolean {
    if (this.#readsAsHtml(name)) return this.#openInHtml(name, isSelfClosing);
    if (breaksOut(name, attribute)) {
      while (this.isOpen && !this.#isHtmlTerritory()) this.#pop();
      return this.#openInHtml(name, isSelfClosing);
    }
    if (!isSelfClosing) this.#push(name, foreignKind(name, this.#language(), attribute));
    return false;
  }

  /** Tells of an end tag. */
  closeTag(name: string): void {
    if (!this.isOpen) return;
    if (this.#kinds.at(-1) === 'html') this.#closeInHtml(name);
    else this.#closeInForeign(name);
  }

  #closeInForeign(name: string): void {
    if (name === 'br' || name === 'p') {
      while (this.isOpen && !this.#isHtmlTerritory()) this.#pop();
      return;
    }
    for (let index = this.#names.length - 1; index >= 0; index--) {
      if (this.#kinds[index] === 'html') {
        this.#closeInHtml(name);
        return;
      }
      if (this.#names[index] === name) {
        this.#popTo(index);
        return;
      }
    }
    if (mayBeOpenHtml(name)) this.#popTo(0);
  }

  #readsAsHtml(name: string): boolean {
    switch (this.#kinds.at(-1)) {
      case undefined:
      case 'html':
      case 'svg-integration':
      case 'html-integration':
        return true;
      case 'text-integration':
        return name !== 'mglyph' && name !== 'malignmark';
      case 'mathml':
        return name === 'svg' && this.#names.at(-1) === 'annotation-xml';
      default:
        return false;
    }
  }

  /** "HTML integration point or MathML text integration point or HTML element": where popping for a break-out stops. */
  #isHtmlTerritory(): boolean {
    const kind = this.#kinds.at(-1);
    return kind !== 'svg' && kind !== 'mathml';
  }

  #openInHtml(name: string, isSelfClosing: boolean): boolean {
    if (name === 'svg' || name === 'math') {
      if (!isSelfClosing) this.#push(name, name === 'svg' ? 'svg' : 'mathml');
      return false;
    }
    const isRepeated = this.#names.at(-1) === name && CLOSED_BY_ITSELF.has(name);
    if (this.isOpen && !VOID.has(name) && !isRepeated) this.#push(name, 'html');
    return true;
  }

  /** Closes the nearest HTML element of that name inside the innermost integration point, if there is one. */
  #closeInHtml(name: string): void {
    for (let index = this.#names.length - 1; index >= 0; index--) {
      const kind = this.#kinds[index];
      if (kind === 'html' && this.#names[index] === name) {
        this.#popTo(index);
        return;
      }
      if (kind === 'svg-integration' || kind === 'html-integration' || kind === 'text-integration') return;
    }
  }

  #language(): 'svg' | 'mathml' {
    const kind = this.#kinds.at(-1);
    return kind === 'svg' || kind === 'svg-integration' ? 'svg' : 'mathml';
  }

  #push(name: string, kind: Kind): void {
    if (this.#kinds.length >= MAX_DEPTH) return;
    this.#names.push(name);
    this.#kinds.push(kind);
  }

  #pop(): void {
    this.#popTo(this.#names.length - 1);
  }

  #popTo(index: number): void {
    this.#names.length = index;
    this.#kinds.length = index;
  }
}

type Kind = 'html' | 'svg' | 'svg-integration' | 'mathml' | 'html-integration' | 'text-integration';

/** Deeper elements are not counted; browsers stop at 512. Bounds the memory of one document. */
const MAX_DEPTH = 512;

const VOID = new Set(
  'area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr'.split(' '),
);

/** Elements that a second of their kind closes without an end tag; keeps long lists from filling the stack. */
const CLOSED_BY_ITSELF = new Set('p li dt dd option optgroup tr td th tbody thead tfoot rb rt rp rtc'.split(' '));

/** Start tags that leave foreign content (HTML, "The rules for parsing tokens in foreign content"). */
const BREAKS_OUT = new Set(
  (
    'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta ' +
    'nobr ol p pre ruby s small span strong strike sub sup table tt u ul var'
  ).split(' '),
);

const SVG_INTEGRATION = new Set(['foreignobject', 'desc', 'title']);
const MATHML_TEXT_INTEGRATION = new Set(['mi', 'mo', 'mn', 'ms', 'mtext']);

/** HTML elements that may stand around an `svg` or `math`, and whose end tag therefore closes it. */
const AROUND = new Set(
  (
    'a abbr address applet article aside audio b bdi bdo big blockquote body button canvas caption center cite code data ' +
    'datalist dd del details dfn dialog dir div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 ' +
    'header hgroup i ins kbd label legend li listing main map mark marquee menu meter nav nobr noscript object ol output ' +
    'p picture pre progress q ruby s samp search section small span strike strong sub summary sup table tbody td ' +
    'template tfoot th thead time tr tt u ul var video'
  ).split(' '),
);

const NOT_CUSTOM = new Set(['annotation-xml', 'color-profile', 'font-face', 'missing-glyph']);

function breaksOut(name: string, attribute: (name: string) => string | undefined): boolean {
  if (BREAKS_OUT.has(name)) return true;
  return name === 'font' && ['color', 'face', 'size'].some((wanted) => attribute(wanted) !== undefined);
}

function foreignKind(name: string, language: 'svg' | 'mathml', attribute: (name: string) => string | undefined): Kind {
  if (language === 'svg') return SVG_INTEGRATION.has(name) ? 'svg-integration' : 'svg';
  if (MATHML_TEXT_INTEGRATION.has(name)) return 'text-integration';
  if (name !== 'annotation-xml') return 'mathml';
  const encoding = attribute('encoding')?.toLowerCase();
  return encoding === 'text/html' || encoding === 'application/xhtml+xml' ? 'html-integration' : 'mathml';
}

/** The stack around the foreign part is not kept: guess whether such an element can be open there. */
function mayBeOpenHtml(name: string): boolean {
  if (AROUND.has(name)) return true;
  return name.includes('-') && !NOT_CUSTOM.has(name) && !name.startsWith('font-face-');
}
