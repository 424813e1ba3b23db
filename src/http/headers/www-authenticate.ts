// WWW-Authenticate (RFC 9110 §11.6.1): challenges walked in place, so that single parameters can be mapped.

/** Called for each parameter with the scheme (lower case), the name (lower case) and the raw value without quotes. */
export type MapParameter = (scheme: string, name: string, value: string) => string;

const PIECE =
  /([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:(\s*=\s*)("(?:[^"\\]|\\.)*"|[A-Za-z0-9!#$%&'*+.^_`|~/:?@;-]+(?=\s*(?:,|$)))|(?=\s|,|$))/g;

/** Maps parameters of every challenge. A word that no `=` follows begins a challenge (§11.3), or is its token68. */
export function mapChallenges(value: string, map: MapParameter): string {
  let scheme = '';
  return value.replace(PIECE, (whole: string, name: string, equals: string | undefined, raw: string | undefined) => {
    if (equals === undefined || raw === undefined) {
      scheme = name.toLowerCase();
      return whole;
    }
    const isQuoted = raw.startsWith('"');
    const mapped = map(scheme, name.toLowerCase(), isQuoted ? raw.slice(1, -1) : raw);
    return `${name}${equals}${isQuoted ? `"${mapped}"` : mapped}`;
  });
}
