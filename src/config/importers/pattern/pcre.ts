// Perl regular expressions, as lighttpd, Apache and nginx write them, to those of JavaScript.

/** A pattern that JavaScript can run, or why it cannot. */
export type CompiledPattern = { readonly regExp: RegExp } | { readonly problem: string };

/** Longer patterns are refused: no configuration has them, and compiling must end. */
const PATTERN_LIMIT = 4096;
const LEADING_OPTIONS = /^\(\?([imsx]+)\)/;
/** Perl spellings with an equal in JavaScript. Possessive and atomic forms match the same where they match at all. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\(\?P</g, '(?<'],
  [/\(\?>/g, '(?:'],
  [/\(\?#[^)]*\)/g, ''],
];
const ESCAPES: Readonly<Record<string, string>> = {
  A: '^',
  z: '$',
  Z: '$',
  h: '[ \\t]',
  H: '[^ \\t]',
  R: '(?:\\r\\n|[\\r\\n])',
};
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
};

/** Translates and compiles a Perl pattern. Never throws. */
export function compilePcre(pattern: string, ignoreCase = false): CompiledPattern {
  if (pattern.length > PATTERN_LIMIT) return { problem: `the pattern is longer than ${PATTERN_LIMIT} characters` };
  const [whole = '', options = ''] = LEADING_OPTIONS.exec(pattern) ?? [];
  if (options.includes('x')) return { problem: 'the option (?x) is not supported' };
  const flags = `${ignoreCase || options.includes('i') ? 'i' : ''}${options.includes('s') ? 's' : ''}${options.includes('m') ? 'm' : ''}`;
  let text = pattern.slice(whole.length);
  for (const [from, to] of SPELLINGS) text = text.replace(from, to);
  try {
    return { regExp: new RegExp(translate(text), flags) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Escapes, POSIX classes and possessive quantifiers, outside and inside of classes. */
function translate(text: string): string {
  let result = '';
  let inClass = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (char === '\\') {
      const next = text.charAt(++index);
      result += inClass ? `\\${next}` : (ESCAPES[next] ?? `\\${next}`);
    } else if (inClass) {
      const [posix, name = ''] = /^\[:(\w+):\]/.exec(text.slice(index)) ?? [];
      if (posix !== undefined && POSIX_CLASSES[name] !== undefined) {
        result += POSIX_CLASSES[name];
        index += posix.length - 1;
      } else {
        inClass = char !== ']';
        result += char === '[' ? '\\[' : char;
      }
    } else {
      inClass = char === '[';
      const isPossessive = char === '+' && /[*+?}]$/.test(result) && !/\\[*+?}]$/.test(result);
      if (!isPossessive) result += char;
      // A closing bracket right behind the opening one is a member in Perl.
      if (inClass && /^\^?\]/.test(text.slice(index + 1))) {
        const negation = text.charAt(index + 1) === '^' ? '^' : '';
        result += `${negation}\\]`;
        index += negation.length + 1;
      }
    }
  }
  return result;
}
