// Header lists as HTTP/2 sends them: names in lower case, nothing that belongs to a connection (RFC 9113 §8.2).
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { lowerHeaderName } from '../http/header-names.ts';
import { isFieldValue } from '../http/token.ts';
import { invariant } from '../util/invariant.ts';

/** RFC 9113 §8.2.2: what belongs to a connection is not sent in HTTP/2. */
const OWN_LINES: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'http2-settings',
]);

/**
 * Names and values by turns, without those in `dropped` (lower case). The last gate before the wire: nothing that is no
 * header line gets through (RFC 9113 §8.2.1).
 */
export function wireLines(headers: ReadonlyHeaderList, dropped?: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (let index = 0; index < headers.length; index++) {
    const name = headers.lowerNameAt(index);
    if (OWN_LINES.has(name) || dropped?.has(name)) continue;
    const value = trimBlanks(headers.valueAt(index));
    if (lowerHeaderName(name) !== name || !isFieldValue(value))
      invariant(false, `header ${JSON.stringify(name)} cannot be sent`);
    lines.push(name, value);
  }
  return lines;
}

/** Blanks and tabs alone (RFC 9110 §5.5): an octet A0 may be the second half of a letter in UTF-8. */
function trimBlanks(value: string): string {
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  return isBlank(first) || isBlank(last) ? value.replace(/^[ \t]+|[ \t]+$/g, '') : value;
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
