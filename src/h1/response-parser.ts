// Bytes of a response head to a ResponseHead and its framing (RFC 9112 §4, §6.3); remembers the last one.
import type { ErrorCode } from '../exchange/errors.ts';
import type { ResponseHead } from '../exchange/head.ts';
import { type Framing, responseFraming } from '../http/framing.ts';
import { connectionOptions } from '../http/hop-by-hop.ts';
import { parseHeaderBlock } from './header-block.ts';
import type { OutboundLimits } from './limits.ts';

/** A response head with what the connection must know to read on. */
export interface ParsedResponse {
  readonly head: ResponseHead;
  readonly framing: Framing;
  /** Whether the upstream lets the connection live on after this exchange (RFC 9112 §9.3). */
  readonly keepsAlive: boolean;
  /** The `timeout` of its Keep-Alive header in milliseconds, or undefined. */
  readonly announcedIdleMs: number | undefined;
}

/** Why a head is refused: the code decides the status, `detail` goes to the log. */
export interface ResponseFault {
  readonly code: ErrorCode;
  readonly detail: string;
}

type Limits = Pick<OutboundLimits, 'headerCount'>;

/** RFC 9112 §4; the space before an empty reason phrase is often missing, and harmless. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i;
const EMPTY: Buffer = Buffer.alloc(0);
const MEMO_BYTES_LIMIT = 8 * 1024;

/** Parser of the response heads of one connection; for an equal head and the same method it has the same objects again. */
export class ResponseParser {
  readonly #limits: Limits;
  #lastHead: Buffer = EMPTY;
  #lastMethod = '';
  #lastResult: ParsedResponse | undefined = undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * What the last head was parsed to, if that head stands at `start` again, {@link lastLength} bytes long, and answers
   * the same method. Nobody need look for its end: the only empty line of those bytes is the one they end with.
   */
  again(bytes: Buffer, start: number, requestMethod: string): ParsedResponse | undefined {
    const end = start + this.#lastHead.length;
    if (end > bytes.length || requestMethod !== this.#lastMethod) return undefined;
    return isSame(this.#lastHead, bytes, start, end) ? this.#lastResult : undefined;
  }

  /** Length of the head that {@link again} knows. */
  get lastLength(): number {
    return this.#lastHead.length;
  }

  /** Parses the head in `bytes` from `start` to `end`, which is behind the empty line. Ask {@link again} before. */
  parse(bytes: Buffer, start: number, end: number, requestMethod: string): ParsedResponse | ResponseFault {
    const result = parseResponseHead(bytes.toString('latin1', start, end - 4), requestMethod, this.#limits.headerCount);
    if (!('code' in result) && end - start <= MEMO_BYTES_LIMIT) {
      if (this.#lastHead.length !== end - start) this.#lastHead = Buffer.allocUnsafe(end - start);
      bytes.copy(this.#lastHead, 0, start, end);
      this.#lastMethod = requestMethod;
      this.#lastResult = result;
    }
    return result;
  }
}

function parseResponseHead(
  text: string,
  requestMethod: string,
  headerCountLimit: number,
): ParsedResponse | ResponseFault {
  const lineEnd = text.indexOf('\r\n');
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const match = STATUS_LINE.exec(line);
  if (match === null) return fault('response_malformed', 'status line');
  const [, minor, statusText, reason = ''] = match;
  const headers = parseHeaderBlock(lineEnd < 0 ? '' : text.slice(lineEnd + 2), headerCountLimit);
  if (headers === 'too-many') return fault('response_head_too_large', 'too many header lines');
  if (headers === 'malformed') return fault('response_malformed', 'header line');
  const status = Number(statusText);
  const isHttp10 = minor === '0';
  const framing = responseFraming(headers, status, requestMethod, isHttp10);
  if (framing === 'malformed') return fault('response_malformed', 'body length');
  if (framing === 'unsupported-coding')
    return fault('response_transfer_coding', headers.get('transfer-encoding') ?? '');
  const options = connectionOptions(headers);
  return {
    head: { status, reason, headers },
    framing,
    keepsAlive:
      framing.kind !== 'until-close' && !options.includes('close') && (!isHttp10 || options.includes('keep-alive')),
    announcedIdleMs: announcedIdleMs(headers.getJoined('keep-alive')),
  };
}

function announcedIdleMs(keepAlive: string | undefined): number | undefined {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function isSame(remembered: Buffer, bytes: Buffer, start: number, end: number): boolean {
  return remembered.length === end - start && remembered.compare(bytes, start, end) === 0;
}

function fault(code: ErrorCode, detail: string): ResponseFault {
  return { code, detail };
}
