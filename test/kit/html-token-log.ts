// Drives the HTML tokenizer as its owner does, window by window, and writes down what it reports with document offsets.
import {
  ATTRIBUTE_STRIDE,
  HtmlTokenizer,
  type HtmlTokenizerOptions,
  type Tag,
} from '../../src/rewrite/html/tokenizer.ts';

/** One reported token; offsets count from the start of the document. Text that touches is joined. */
export interface LoggedToken {
  readonly kind: 'text' | 'raw' | 'start' | 'end' | 'other' | 'oversized';
  readonly start: number;
  end: number;
  readonly name?: string;
  readonly isSelfClosing?: boolean;
  readonly isRest?: boolean;
  /** Name start, name end, value start, value end of each. */
  readonly attributes?: readonly (readonly number[])[];
  isComplete?: boolean;
}

/** The tokens of `document`, given in the pieces that end at `cuts` (ascending), and how much was held back at most. */
export function logTokens(
  document: Buffer,
  cuts: readonly number[] = [],
  options: HtmlTokenizerOptions = {},
): { tokens: LoggedToken[]; maxHeldBytes: number } {
  const tokens: LoggedToken[] = [];
  let base = 0;
  let window: Buffer = Buffer.alloc(0);
  const add = (token: LoggedToken) => {
    const last = tokens.at(-1);
    const mayJoin =
      token.kind === 'text' || token.kind === 'other' || token.kind === 'raw' || token.kind === 'oversized';
    if (mayJoin && last?.kind === token.kind && last.end === token.start && last.isComplete !== true) {
      last.end = token.end;
      if (token.isComplete !== undefined) last.isComplete = token.isComplete;
    } else tokens.push(token);
  };
  const span = (kind: LoggedToken['kind'], start: number, end: number) => ({
    kind,
    start: base + start,
    end: base + end,
  });
  const tagOf = (kind: 'start' | 'end', tag: Tag): LoggedToken => ({
    ...span(kind, tag.start, tag.end),
    name: tag.isRest ? '' : window.toString('latin1', tag.nameStart, tag.nameEnd),
    isSelfClosing: tag.isSelfClosing,
    isRest: tag.isRest,
    attributes: listAttributes(tag, base),
  });
  const tokenizer = new HtmlTokenizer(
    {
      text: (start, end) => add(span('text', start, end)),
      rawText: (start, end, isComplete) => add({ ...span('raw', start, end), isComplete }),
      startTag: (tag) => add(tagOf('start', tag)),
      endTag: (tag) => add(tagOf('end', tag)),
      otherMarkup: (start, end) => add(span('other', start, end)),
      startTagPart: (tag) => add(tagOf('start', tag)),
      oversized: (start, end, isComplete) => add({ ...span('oversized', start, end), isComplete }),
    },
    options,
  );
  let maxHeldBytes = 0;
  let from = 0;
  for (const cut of [...cuts, document.length]) {
    const isLast = cut === document.length;
    window = Buffer.concat([window, document.subarray(from, cut)]);
    tokenizer.scan(window, isLast);
    from = cut;
    const drop = tokenizer.heldFrom;
    tokenizer.dropFront(drop);
    base += drop;
    window = window.subarray(drop);
    maxHeldBytes = Math.max(maxHeldBytes, window.length);
  }
  return { tokens, maxHeldBytes };
}

function listAttributes(tag: Tag, base: number): number[][] {
  const list: number[][] = [];
  for (let slot = 0; slot < tag.attributesLength; slot += ATTRIBUTE_STRIDE) {
    list.push([...tag.attributes.subarray(slot, slot + ATTRIBUTE_STRIDE)].map((offset) => offset + base));
  }
  return list;
}
