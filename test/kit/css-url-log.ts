// Drives the CSS tokenizer as its owner does, window by window, and writes down the URLs it reports.
import { CssTokenizer } from '../../src/rewrite/css/tokenizer.ts';

/** A reported span in document offsets. */
export interface LoggedUrl {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Told as something to keep as it is; such pieces that touch are joined. */
  readonly isKept: boolean;
}

/** What is reported of `sheet`, given in the pieces that end at `cuts` (ascending). */
export function logUrls(sheet: Buffer, cuts: readonly number[] = []): LoggedUrl[] {
  const urls: LoggedUrl[] = [];
  let base = 0;
  let window: Buffer = Buffer.alloc(0);
  const tokenizer = new CssTokenizer({
    url: (start, end) =>
      void urls.push({
        start: base + start,
        end: base + end,
        text: window.toString('latin1', start, end),
        isKept: false,
      }),
    kept: (start, end) => {
      const last = urls.at(-1);
      const text = window.toString('latin1', start, end);
      if (last?.isKept && last.end === base + start) Object.assign(last, { end: base + end, text: last.text + text });
      else if (end > start) urls.push({ start: base + start, end: base + end, text, isKept: true });
    },
  });
  tokenizer.reset(0);
  let from = 0;
  for (const cut of [...cuts, sheet.length]) {
    window = Buffer.concat([window, sheet.subarray(from, cut)]);
    tokenizer.scan(window, window.length, cut === sheet.length);
    from = cut;
    const drop = tokenizer.heldFrom;
    tokenizer.moveBy(-drop);
    base += drop;
    window = window.subarray(drop);
  }
  return urls;
}
