// The access log in the lines of Apache and nginx: `common`, and `combined` with referer and user agent behind it.

import { EscapeCache, escapeQuoted, escapeWord } from '../../observe/escape.ts';
import type { Clock } from '../../util/clock.ts';
import { type LinePrinter, LogTime, methodOf, readReferer, readUserAgent, targetOf } from './line-printer.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Makes a printer of `CLIENT - - [TIME] "REQUEST" STATUS BYTES`. The two hyphens: identity and user, which nobody tells. */
export function createCommonPrinter(clock: Clock): LinePrinter {
  const print = createBeginningPrinter(clock);
  return function printCommonLine(exchange, status) {
    return `${print(exchange, status)}\n`;
  };
}

/** Makes a printer of `common` lines with `"REFERER" "USER AGENT"` behind them. */
export function createCombinedPrinter(clock: Clock): LinePrinter {
  const print = createBeginningPrinter(clock);
  const referers = new EscapeCache(escapeQuoted);
  const userAgents = new EscapeCache(escapeQuoted);
  return function printCombinedLine(exchange, status) {
    const { headers } = exchange.request;
    const referer = referers.get(readReferer(headers) ?? '-');
    const userAgent = userAgents.get(readUserAgent(headers) ?? '-');
    return `${print(exchange, status)} "${referer}" "${userAgent}"\n`;
  };
}

/** What both have in common. */
function createBeginningPrinter(clock: Clock): LinePrinter {
  const time = new LogTime(clock, printClfSecond);
  const words = new EscapeCache(escapeWord);
  return function printBeginning({ request, client, bytesSent }, status) {
    const requestLine = `${words.get(methodOf(request))} ${escapeWord(targetOf(request))} ${request.version}`;
    return `${words.get(client.address)} - - [${time.second()}] "${requestLine}" ${status} ${bytesSent === 0 ? '-' : bytesSent}`;
  };
}

/** `10/Oct/2000:13:55:36 +0000`: in UTC, so that nothing depends on where the program runs. */
function printClfSecond(date: Date): string {
  const day = `${twoDigits(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${date.toISOString().slice(11, 19)} +0000`;
}

function twoDigits(count: number): string {
  return String(count).padStart(2, '0');
}
