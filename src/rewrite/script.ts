// Which scanner an inline script gets by its `type`.
import { JsScanner } from './js/js-scanner.ts';
import { JsonScanner, VocabularyScanner } from './json/json-scanner.ts';
import { importMapMeaning, speculationMeaning } from './json/vocabularies.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Scanner } from './scanner.ts';
import { TextScanner } from './text/text-scanner.ts';
import type { UrlMap } from './url-map.ts';

/** What the content of a script element is (HTML standard, "prepare the script element"). */
export type ScriptLanguage = 'javascript' | 'importmap' | 'speculationrules' | 'json' | 'text';

/** JavaScript MIME types (MIME Sniffing §4.6), and what compilers in the browser take. */
const JAVASCRIPT =
  /^(?:(?:text|application)\/(?:x-)?(?:java|ecma)script|text\/(?:javascript1\.[0-5]|jscript|livescript|babel|jsx|typescript))$/;

/** The language of a script by its `type` attribute; undefined or empty is JavaScript. */
export function scriptLanguage(type: string | undefined): ScriptLanguage {
  const name = (type ?? '').trim().toLowerCase();
  if (name === '' || name === 'module' || JAVASCRIPT.test(name.split(';', 1)[0]?.trim() ?? '')) return 'javascript';
  if (name === 'importmap' || name === 'speculationrules') return name;
  return /^(?:application|text)\/(?:[a-z0-9.-]+\+)?json(?:;|$)/.test(name) ? 'json' : 'text';
}

/** A scanner for the content of a script element. Of an unknown type only authorities are mapped. */
export function scannerForScript(type: string | undefined, map: UrlMap, options: ScanOptions = {}): Scanner {
  switch (scriptLanguage(type)) {
    case 'javascript':
      return new JsScanner(map, options);
    case 'importmap':
      return new VocabularyScanner(map, importMapMeaning);
    case 'speculationrules':
      return new VocabularyScanner(map, speculationMeaning);
    case 'json':
      return new JsonScanner(map, options);
    default:
      return new TextScanner(map);
  }
}
