// Where in a document each edit lies, found again with the tokenizers that the rewriters use: nothing is noted while they run.
import { CssTokenizer } from '../css/tokenizer.ts';
import { JsLexer } from '../js/js-lexer.ts';
import { endOfString, JsonWalker } from '../json/json-walker.ts';
import type { ScriptLanguage } from '../script.ts';
import type { Language } from '../select.ts';
import { Window } from '../window.ts';
import { EditCursor } from './edit-cursor.ts';
import { htmlPlaces } from './html-places.ts';
import type { TracedEdit } from './rewrite-trace.ts';

/** The name of the place of each edit in `bytes`, such as `href of <a>` or `member icons[].src`. */
export function namePlaces(
  language: Language | ScriptLanguage,
  bytes: Buffer,
  edits: readonly TracedEdit[],
): readonly string[] {
  if (edits.length === 0) return [];
  switch (language) {
    case 'html':
    case 'xhtml':
      return htmlPlaces(bytes, edits, language === 'xhtml', namePlaces);
    case 'css':
      return cssPlaces(bytes, edits);
    case 'javascript':
      return scriptPlaces(bytes, edits);
    case 'json':
    case 'manifest':
    case 'importmap':
    case 'speculationrules':
      return jsonPlaces(bytes, edits);
    case 'xml':
      return xmlPlaces(bytes, edits);
    case 'playlist':
      return edits.map(({ start }) => (isInTag(bytes, start) ? 'attribute of a playlist tag' : 'line of the playlist'));
    case 'text':
      return edits.map(() => 'text');
  }
}

/** How far before a URL what makes it one is looked for. */
const LOOK_BACK = 64;

function cssPlaces(bytes: Buffer, edits: readonly TracedEdit[]): readonly string[] {
  const cursor = new EditCursor(edits, 'text of the style sheet');
  const tokenizer = new CssTokenizer({
    url: (start, end) => cursor.claim(start, end, () => cssConstruct(before(bytes, start))),
    kept: () => {},
  });
  tokenizer.reset(0);
  tokenizer.scan(bytes, bytes.length, true);
  return cursor.places;
}

function cssConstruct(code: string): string {
  if (/\burl\(\s*["']?$/i.test(code)) return 'url()';
  if (/\bsrc\(\s*["']?$/i.test(code)) return 'src()';
  if (/@import\s*(?:\/\*.*\*\/\s*)?["']$/is.test(code)) return '@import';
  return /sourceMappingURL=\s*$/.test(code) ? 'source map comment' : 'image-set()';
}

/** Root-relative literals are mapped in sinks; backend URLs are searched for everywhere, whatever they are part of. */
function scriptPlaces(bytes: Buffer, edits: readonly TracedEdit[]): readonly string[] {
  const cursor = new EditCursor(edits, 'script');
  const lexer = new JsLexer({
    onString: (at) => {
      cursor.claim(at + 1, endOfLiteral(bytes, at), () => `string behind ${nearestCode(lexer.codeBefore(at))}`);
      return true;
    },
    onComment: (at) => {
      const line = bytes.indexOf(0x0a, at);
      const end = line < 0 ? bytes.length : line;
      const isSourceMap = /^\/[/*][#@]\s*sourceMappingURL=/.test(bytes.toString('latin1', at, at + LOOK_BACK));
      cursor.claim(at, end, () => (isSourceMap ? 'source map comment' : 'comment'));
      return true;
    },
  });
  lexer.run(Window.of(bytes), 0, bytes.length, true);
  return cursor.places;
}

/** `location.href=`, `import(`, `new Worker(`: the end of the code, as far as it is one expression. */
function nearestCode(code: string): string {
  return /(?:\bnew\s{1,8})?[\w$][\w$.?]{0,60}\s{0,8}[=(]?$/.exec(code.slice(-LOOK_BACK))?.[0] ?? 'code';
}

function endOfLiteral(bytes: Buffer, quoteAt: number): number {
  const quote = bytes[quoteAt];
  for (let at = quoteAt + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) return at;
    if (bytes[at] === 0x5c) at++;
  }
  return bytes.length;
}

function jsonPlaces(bytes: Buffer, edits: readonly TracedEdit[]): readonly string[] {
  const cursor = new EditCursor(edits, 'JSON');
  const walker = new JsonWalker();
  for (let at = 0; ; ) {
    const start = walker.skipToString(bytes, at, bytes.length) + 1;
    if (start > bytes.length) return cursor.places;
    const found = endOfString(bytes, start, bytes.length);
    const end = found < 0 ? bytes.length : found;
    const { path, isName } = walker.place;
    cursor.claim(start, end, () => {
      const name = path.join('.').replaceAll('.[]', '[]');
      return isName ? `name of a member of ${name || 'the document'}` : `member ${name || 'at the top'}`;
    });
    if (isName) walker.setName(bytes.toString('latin1', start, end));
    at = end + 1;
  }
}

function xmlPlaces(bytes: Buffer, edits: readonly TracedEdit[]): readonly string[] {
  return edits.map(({ start }) => {
    const open = bytes.lastIndexOf('<', Math.max(0, start - 1));
    const markup = bytes.toString('latin1', Math.max(0, open), start);
    const name = /^<[?!/]?([^\s/>?]+)/.exec(markup)?.[1] ?? '';
    if (open < 0 || markup.startsWith('<!--')) return open < 0 ? 'XML' : 'comment';
    const attribute = /([^\s"'=<]+)\s*=\s*(?:"[^"]*|'[^']*)$/.exec(markup)?.[1];
    return isInTag(bytes, start) && attribute !== undefined ? `${attribute} of <${name}>` : `text in <${name}>`;
  });
}

/** Whether the latest quote on the line, or the latest angle bracket, opens something. */
function isInTag(bytes: Buffer, at: number): boolean {
  const text = before(bytes, at, 4096);
  const line = text.slice(text.lastIndexOf('\n') + 1);
  return line.startsWith('#EXT') || text.lastIndexOf('<') > text.lastIndexOf('>');
}

function before(bytes: Buffer, at: number, length = LOOK_BACK): string {
  return bytes.toString('latin1', Math.max(0, at - length), at);
}
