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

const PSEUDO_NAMES: ReadonlySet<':status'> = new Set([':status'] as const);

/** `lines` are names and values by turns, in the order received. */
export function readResponse(
  lines: readonly string[],
  { headBytes, headerCount }: Pick<OutboundSessionLimits, 'headBytes' | 'headerCount'>,
): ReadResponse | HeadFault {
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
