// Refresh, the header and the meta element: a delay and perhaps a URL (HTML standard, "shared declarative refresh steps").

/** Where the URL stands in a refresh value; undefined if there is none. */
export interface RefreshUrl {
  readonly start: number;
  readonly end: number;
}

const DELAY = /^[\t\n\f\r ]*(?:\d+[\d.]*|\.[\d.]*)[\t\n\f\r ]*(?:[;,][\t\n\f\r ]*)?/;
const DELAY_ONLY_SPACED = /[\t\n\f\r ;,]$/;
const URL_SIGN = /^url[\t\n\f\r ]*=[\t\n\f\r ]*/i;

/** Finds the URL as browsers do: behind the delay and a separator, with or without `url=`, with or without quotes. */
export function findRefreshUrl(value: string): RefreshUrl | undefined {
  const delay = DELAY.exec(value)?.[0];
  if (delay === undefined || delay.length === value.length || !DELAY_ONLY_SPACED.test(delay)) return undefined;
  const sign = URL_SIGN.exec(value.slice(delay.length))?.[0] ?? '';
  const start = delay.length + sign.length;
  const quote = value[start];
  if (quote !== '"' && quote !== "'") return start < value.length ? { start, end: value.length } : undefined;
  const close = value.indexOf(quote, start + 1);
  return { start: start + 1, end: close < 0 ? value.length : close };
}

/** The value with its URL mapped; unchanged without one. */
export function mapRefresh(value: string, map: (url: string) => string): string {
  const url = findRefreshUrl(value);
  if (url === undefined) return value;
  return value.slice(0, url.start) + map(value.slice(url.start, url.end)) + value.slice(url.end);
}
