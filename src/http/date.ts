// HTTP dates (RFC 9110 §5.6.7): print IMF-fixdate, parse all three forms.
import { type Clock, systemClock } from '../util/clock.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const IMF = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC850 = /^[A-Z][a-z]+day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** Prints an instant as IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function printHttpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}

/** Parses any of the three forms of RFC 9110 §5.6.7 into milliseconds since 1970; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const imf = IMF.exec(text);
  if (imf) return toEpoch(imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]);
  const old = RFC850.exec(text);
  if (old) return toEpoch(String(fullYear(Number(old[3]))), old[2], old[1], old[4], old[5], old[6]);
  const asctime = ASCTIME.exec(text);
  if (asctime) return toEpoch(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  return undefined;
}

let cachedSecond = -1;
let cachedText = '';

/** The current time as an HTTP date, printed anew once a second. */
export function currentHttpDate(clock: Clock = systemClock): string {
  const second = Math.floor(clock.epochMs() / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedText = printHttpDate(second * 1000);
  }
  return cachedText;
}

/** RFC 9110 §5.6.7: a two-digit year more than 50 years ahead means the past century. */
function fullYear(twoDigits: number): number {
  const thisYear = new Date().getUTCFullYear();
  const year = Math.floor(thisYear / 100) * 100 + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

type Part = string | undefined;

function toEpoch(year: Part, month: Part, day: Part, hour: Part, minute: Part, second: Part): number | undefined {
  const monthIndex = MONTHS.indexOf((month ?? '').toLowerCase());
  if (monthIndex < 0) return undefined;
  const epochMs = Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second));
  const isReal = new Date(epochMs).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60;
  return isReal && Number(second) <= 60 ? epochMs : undefined;
}
