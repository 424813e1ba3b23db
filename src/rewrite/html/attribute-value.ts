// Attribute values that have another language inside: character references are resolved for it, and edits find their way back.
import type { EditList } from '../edit-list.ts';
import { EditList as Edits } from '../edit-list.ts';
import { unescapeValue } from '../escapes.ts';
import type { Scanner } from '../scanner.ts';
import { Window } from '../window.ts';

/** A value with its character references resolved, and where it came from. */
export interface ResolvedValue {
  readonly text: string;
  /** The offset in the window of each character of `text`, and of its end. */
  place(index: number): number;
}

/** Resolves the character references of the raw value that begins at the offset `start`. */
export function resolveValue(raw: string, start: number): ResolvedValue {
  if (!raw.includes('&')) return { text: raw, place: (index) => start + index };
  const { text, origins } = unescapeValue(raw, 'html');
  return { text, place: (index) => start + (origins[index] ?? raw.length) };
}

/** Runs `scanner` over a resolved value and adds its edits, escaped again, where they belong in the source. */
export function scanResolved(scanner: Scanner, value: ResolvedValue, edits: EditList): void {
  const inner = new Edits();
  scanner.reset();
  scanner.scan(Window.ofText(value.text), 0, value.text.length, true, inner);
  inner.forEach((start, end, text) => {
    replaceResolved(value, start, end, text, edits);
  });
}

/** Replaces `[start, end)` of a resolved value; only what differs is touched in the source. */
export function replaceResolved(value: ResolvedValue, start: number, end: number, text: string, edits: EditList): void {
  const old = value.text.slice(start, end);
  const limit = Math.min(old.length, text.length);
  let front = 0;
  while (front < limit && old.charCodeAt(front) === text.charCodeAt(front)) front++;
  let back = 0;
  while (back < limit - front && old.charCodeAt(old.length - 1 - back) === text.charCodeAt(text.length - 1 - back))
    back++;
  const inserted = text.slice(front, text.length - back);
  if (inserted === '' && front + back === old.length) return;
  edits.replace(value.place(start + front), value.place(end - back), escapeForAttribute(inserted));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
};

/** `text` as it can stand in an attribute value, quoted either way; white space does not occur in what is inserted. */
function escapeForAttribute(text: string): string {
  return text.replace(/[&"'<>]/g, (character) => ESCAPES[character] ?? character);
}
