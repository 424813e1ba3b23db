// What one exchange tells of its rewriting, if somebody asked before it ran: the head as it came, the body, and every edit.
import { ExchangeKey } from '../../exchange/exchange.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import type { EditList } from '../edit-list.ts';
import type { ScanWatch } from '../scan-sink.ts';
import type { Language } from '../select.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';

/** One change: `[start, end)` of the body as it came becomes `text`. Offsets count bytes behind the content codings. */
export interface TracedEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Whoever sets this on an exchange before it runs can read it when its body is over. Without it nothing is kept. */
export const REWRITE_TRACE: ExchangeKey<RewriteTrace> = new ExchangeKey('rewrite trace');

/** Serves one exchange. */
export class RewriteTrace implements ScanWatch {
  /** The head of the backend, before anything was changed; undefined while there is none. */
  received: ReadonlyHeaderList | undefined = undefined;
  /** The map that the answer went through. */
  map: UrlMap | undefined = undefined;
  /** How the body was read; undefined where it was not. */
  language: Language | undefined = undefined;
  /** How its characters are encoded: of UTF-16, offsets count in the same text in UTF-8. */
  encoding = '';
  readonly edits: TracedEdit[] = [];
  readonly #chunks: Buffer[] = [];
  #length = 0;

  /** The body as it came, content codings undone, as far as it was scanned. */
  get original(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  onHead(received: ReadonlyHeaderList, map: UrlMap): void {
    this.received = received;
    this.map = map;
  }

  onLanguage(language: Language, encoding: string): void {
    this.language = language;
    this.encoding = encoding;
  }

  onScanned(window: Window, from: number, settled: number, edits: EditList): void {
    const shift = this.#length - from;
    edits.forEach((start, end, text) => {
      this.edits.push({ start: start + shift, end: end + shift, text });
    });
    this.#chunks.push(Buffer.from(window.bytes.subarray(from, settled)));
    this.#length += settled - from;
  }
}
