// The lines of an HTTP/2 field section, for heads and trailers of both directions, strictly (RFC 9113 §8.2, §8.3).
import type { ErrorCode } from '../exchange/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { lowerHeaderName } from '../http/header-names.ts';
import { isFieldValue } from '../http/token.ts';

/** Why a section is refused: the code decides the status, `detail` goes to the log. */
export interface HeadFault {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The path as received where it is what is refused: a path that forges an address is told apart by it. */
  readonly target?: string;
  /** Whether the method is HEAD, so that the answer has no content either. */
  readonly isHead?: boolean;
}

/** What broken sections are called: the two directions have different codes for it. */
export interface FaultCodes {
  readonly malformed: ErrorCode;
  readonly headTooLarge: ErrorCode;
  readonly bodyTooLarge: ErrorCode;
}

export const REQUEST_FAULTS: FaultCodes = {
  malformed: 'request_malformed',
  headTooLarge: 'request_head_too_large',
  bodyTooLarge: 'request_body_too_large',
};
export const RESPONSE_FAULTS: FaultCodes = {
  malformed: 'response_malformed',
  headTooLarge: 'response_head_too_large',
  bodyTooLarge: 'response_too_large',
};

/** The pseudo-headers of one head, by name. */
export type PseudoHeaders<Name extends string> = Partial<Record<Name, string>>;

/** RFC 9113 §8.2.2: what belongs to a connection has no place in HTTP/2. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Where the lines behind the pseudo-headers begin. RFC 9113 §8.3: none may stand behind that. */
export function findRegularLines(lines: readonly string[]): number {
  let index = 0;
  while (index < lines.length && lines[index]?.charCodeAt(0) === 0x3a) index += 2;
  return index;
}

/** RFC 9113 §8.3: only the defined ones, each at most once. */
export function readPseudoHeaders<Name extends string>(
  lines: readonly string[],
  end: number,
  names: ReadonlySet<Name>,
): PseudoHeaders<Name> | undefined {
  const pseudo: Record<string, string> = {};
  for (let index = 0; index < end; index += 2) {
    const name = lines[index] ?? '';
    if (!names.has(name as Name) || name in pseudo) return undefined;
    pseudo[name] = lines[index + 1] ?? '';
  }
  return pseudo as PseudoHeaders<Name>; // only names of the set are in it
}

/**
 * Reads lines that are no pseudo-headers: those of a head, or a trailer section (RFC 9113 §8.1, §8.2.1, §8.2.2). Crumbs
 * of Cookie become one line again (§8.2.3).
 */
export function readFieldLines(
  lines: readonly string[],
  countLimit: number,
  codes: FaultCodes,
): HeaderList | HeadFault {
  const headers = new HeaderList();
  const crumbs: string[] = [];
  const malformed = (detail: string): HeadFault => ({ code: codes.malformed, detail });
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index] ?? '';
    const value = lines[index + 1] ?? '';
    if (lowerHeaderName(name) !== name) return malformed('header name');
    if (CONNECTION_HEADERS.has(name)) return malformed(`${name} in HTTP/2`);
    if (name === 'te' && value.toLowerCase() !== 'trailers') return malformed('te');
    if (!isFieldValue(value) || /^[ \t]|[ \t]$/.test(value)) return malformed(`value of ${name}`);
    if (name === 'cookie') crumbs.push(value);
    if (name !== 'cookie' || crumbs.length === 1) headers.append(name, value);
    if (headers.length > countLimit) return { code: codes.headTooLarge, detail: 'too many header lines' };
  }
  if (crumbs.length > 1) headers.set('cookie', crumbs.join('; '));
  return headers;
}
