// Passes over the markup of a page in which nothing can change, which is most of it, with one regular expression.
import type { NeedleCursor } from '../needle-cursor.ts';
import type { Window } from '../window.ts';
import { ATTRIBUTES, KIND, KIND_OF } from './attributes.ts';
import { ELEMENT } from './elements.ts';

/** The most that is made a string at a time. */
const STRETCH_BYTES = 64 * 1024;
/** A shorter stretch is not worth a string. */
const SHORT_BYTES = 128;

/**
 * Text, and the usual spelling of tags that mean nothing unless one of our authorities is in them: names and attributes that
 * the rewriter does not know, fragments, URLs of others in plain, styles without functions. It stops behind such a tag. What
 * it does not match is no fault: it is read as everything was before.
 */
const PLAIN = new RegExp(
  [
    String.raw`(?:[^<]*<\/?(?!(?:${elementNames().join('|')})[ \n/>])[a-z][a-z0-9-]*(?:[ \n]+(?:`,
    String.raw`(?!on|(?:${attributeNames().join('|')})[ \n/>=])[a-z][a-z0-9-]*(?:=(?:"[^"]*"|[\w.#%-]+))?|`,
    String.raw`(?:href|src)=(?:"(?:#[^"]*|https?:\/\/(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?:\/[^"]*)?)"|#[\w.-]+)|`,
    String.raw`style="[^"(\\&]*"`,
    String.raw`))*[ \n]*\/?>)*`,
  ].join(''),
  'y',
);

function elementNames(): string[] {
  return Object.keys(ELEMENT).filter((name) => /^[a-z]+$/.test(name) && name !== 'other');
}

/** The attributes that mean something on an element that has no number. */
function attributeNames(): string[] {
  const { text, kept, content, value, objectUrl, htmlUrl } = KIND;
  const plain: readonly number[] = [text, kept, content, value, objectUrl, htmlUrl];
  return ATTRIBUTES.names.filter(([, number]) => !plain.includes(KIND_OF[number] ?? text)).map(([name]) => name);
}

/** Serves one scanner; end every window with {@link end}. */
export class PlainMarkup {
  #text = '';
  #from = 0;
  #to = 0;

  end(): void {
    this.#to = 0;
    // A body may wait long for its next window.
    this.#text = '';
  }

  /**
   * How far nothing can change from `at` on, where text begins in `[0, end)` of the window, in which `needles` walks: to `at`, or
   * behind a tag.
   */
  skip(window: Window, at: number, end: number, needles: NeedleCursor): number {
    if (isKnownNext(window.bytes, at)) return at;
    if (at >= this.#to) {
      needles.skipTo(at);
      const to = Math.min(needles.next, end, at + STRETCH_BYTES);
      if (to - at < SHORT_BYTES) return at;
      this.#text = window.slice(at, to);
      this.#from = at;
      this.#to = to;
    }
    PLAIN.lastIndex = at - this.#from;
    PLAIN.test(this.#text);
    return this.#from + PLAIN.lastIndex;
  }
}

/** Whether the next tag, with no text before it, is of the kinds that hold most URLs: then trying costs and gains nothing. */
function isKnownNext(bytes: Buffer, from: number): boolean {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a) at++;
  if (bytes[at] !== 0x3c) return false;
  const first = bytes[at + 1];
  const second = bytes[at + 2];
  // `<a `, `<im`, `<in`, `<sc`
  if (first === 0x61) return second === 0x20;
  if (first === 0x69) return second === 0x6d || second === 0x6e;
  return first === 0x73 && second === 0x63;
}
