// From the field section of an HTTP/2 response to a ResponseHead, strictly (RFC 9113 §8.3.2).
import type { ResponseHead } from '../exchange/head.ts';
import { parseContentLength } from '../http/framing.ts';
import { HeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';
import { findRegularLines, type HeadFault, RESPONSE_FAULTS, readFieldLines, readPseudoHeaders } from './field-lines.ts';
import type { OutboundSessionLimits } from './limits.ts';

/** A response head with what its stream must know. */
export interface ReadResponse {
  readonly head: ResponseHead;
  /** Content-Length, or undefined. */
  readonly length: number | undefined;
}

type Limits = Pick<OutboundSessionLimits, 'headBytes' | 'headerCount'>;

const PSEUDO_NAMES: ReadonlySet<':status'> = new Set([':status'] as const);

/**
 * Reads the heads of one session. HPACK gives the same array for a block that repeats: then the head is the same one
 * too, and everything derived from it with it.
 */
export class ResponseReader {
  readonly #limits: Limits;
  #lastLines: readonly string[] = [];
  #last: ReadResponse | undefined = undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** `lines` are names and values by turns, in the order received; the array never changes. */
  read(lines: readonly string[]): ReadResponse | HeadFault {
    if (lines === this.#lastLines && this.#last !== undefined) return this.#last;
    const read = readResponse(lines, this.#limits);
    if ('code' in read) return read;
    this.#lastLines = lines;
    this.#last = read;
    return read;
  }
}

function readResponse(lines: readonly string[], { headBytes, headerCount }: Limits): ReadResponse | HeadFault {
  const size = lines.reduce((sum, text) => sum + text.length, 0);
  if (size > headBytes) return { code: 'response_head_too_large', detail: `${size} bytes` };
  const start = findRegularLines(lines);
  const status = readPseudoHeaders(lines, start, PSEUDO_NAMES)?.[':status'] ?? '';
  // RFC 9113 §8.6: there is no 101 in HTTP/2.
  if (!/^[1-9][0-9]{2}$/.test(status) || status === '101') return malformed(':status');
  const headers = readFieldLines(lines.slice(start), headerCount, RESPONSE_FAULTS);
  if (!(headers instanceof HeaderList)) return headers;
  if (headers.count('content-length') > 1) return malformed('more than one Content-Length');
  const lengthText = headers.get('content-length');
  const length = lengthText === undefined ? undefined : parseContentLength(lengthText);
  if (lengthText !== undefined && length === undefined) return malformed('Content-Length');
  return { head: { status: Number(status), reason: reasonPhrase(Number(status)), headers }, length };
}

function malformed(detail: string): HeadFault {
  return { code: 'response_malformed', detail };
}
