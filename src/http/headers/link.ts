// Link (RFC 8288 §3): targets and anchors found in place, relation types and all else left alone.
import { mapSrcset } from './srcset.ts';

/** Maps the target of every link, its `anchor`, and the URLs of `imagesrcset`; all other bytes stay. */
export function mapLinks(value: string, map: (url: string) => string): string {
  let result = '';
  let at = 0;
  while (at < value.length) {
    const open = value.indexOf('<', at);
    const close = open < 0 ? -1 : value.indexOf('>', open);
    if (close < 0) break;
    const end = endOfParameters(value, close + 1);
    result += `${value.slice(at, open + 1)}${map(value.slice(open + 1, close))}>`;
    result += mapParameters(value.slice(close + 1, end), map);
    at = end;
  }
  return result + value.slice(at);
}

/** The index of the comma that ends a link, or the end: commas in quoted strings do not count. */
function endOfParameters(value: string, start: number): number {
  let isQuoted = false;
  for (let index = start; index < value.length; index++) {
    const character = value[index];
    if (isQuoted && character === '\\') index++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === ',') return index;
  }
  return value.length;
}

const PARAMETER = /(;\s*)([\w*!#$&+.^`|~-]+)(\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s;,"]*)/g;

function mapParameters(text: string, map: (url: string) => string): string {
  return text.replace(PARAMETER, (whole: string, before: string, name: string, equals: string, raw: string) => {
    const lowerName = name.toLowerCase();
    if (lowerName !== 'anchor' && lowerName !== 'imagesrcset') return whole;
    const isQuoted = raw.startsWith('"');
    const value = isQuoted ? raw.slice(1, -1) : raw;
    const mapped = lowerName === 'anchor' ? map(value) : mapSrcset(value, map);
    return `${before}${name}${equals}${isQuoted ? `"${mapped}"` : mapped}`;
  });
}
