// Lists of image candidates (HTML standard, "parse a srcset attribute"), as in the imagesrcset parameter of Link.

const SPACE = /[\t\n\f\r ]/;

/** Maps the URL of each candidate; descriptors, commas and white space stay. */
export function mapSrcset(value: string, map: (url: string) => string): string {
  let result = '';
  let at = 0;
  while (at < value.length) {
    const start = skip(value, at, (character) => SPACE.test(character) || character === ',');
    let end = skip(value, start, (character) => !SPACE.test(character));
    // Commas at the end of a URL separate candidates; the rest of the list begins with them.
    const hasDescriptors = value[end - 1] !== ',';
    while (end > start && value[end - 1] === ',') end--;
    result += value.slice(at, start) + (end > start ? map(value.slice(start, end)) : '');
    const next = hasDescriptors ? endOfDescriptors(value, end) : end;
    result += value.slice(end, next);
    at = next;
  }
  return result;
}

function skip(value: string, from: number, isPart: (character: string) => boolean): number {
  let at = from;
  while (at < value.length && isPart(value.charAt(at))) at++;
  return at;
}

/** The index of the comma behind the descriptors, parentheses minded. */
function endOfDescriptors(value: string, from: number): number {
  let depth = 0;
  for (let at = from; at < value.length; at++) {
    const character = value[at];
    if (character === '(') depth++;
    else if (character === ')') depth = Math.max(0, depth - 1);
    else if (character === ',' && depth === 0) return at;
  }
  return value.length;
}
