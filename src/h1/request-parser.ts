// Bytes of a request head to a RequestHead and its framing, strictly (RFC 9112 §2 to §6); remembers the last one.
import type { ErrorCode } from '../exchange/errors.ts';
import type { HttpVersion, RequestHead } from '../exchange/head.ts';
import { type Framing, requestFraming } from '../http/framing.ts';
import type { HeaderList } from '../http/header-list.ts';
import { connectionOptions } from '../http/hop-by-hop.ts';
import { type Authority, parseAuthority, parseTarget, type Target } from '../http/target.ts';
import { isToken, splitList } from '../http/token.ts';
import { parseHeaderBlock } from './header-block.ts';
import type { ConnectionLimits } from './limits.ts';

/** A request head with what the connection must know to read on. */
export interface ParsedRequest {
  readonly head: RequestHead;
  readonly framing: Framing;
  /** Whether the client lets the connection live on after this exchange (RFC 9112 §9.3). */
  readonly keepsAlive: boolean;
}

/** Why a head is refused: the code decides the status, `detail` goes to the log. */
export interface RequestFault {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The target as received where it is what is refused: a path that forges an address is told apart by it. */
  readonly target?: string;
}

interface HeaderFacts {
  readonly headers: HeaderList;
  readonly version: HttpVersion;
  readonly host: Authority | undefined;
  readonly framing: Framing;
  readonly keepsAlive: boolean;
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
}

type Limits = Pick<ConnectionLimits, 'headerCount' | 'targetBytes' | 'compat'>;

const TARGET_FAULT_CODES = { malformed: 'request_malformed', unmapped: 'mount_unknown' } as const;
const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/;
const EMPTY: Buffer = Buffer.alloc(0);
/** A head longer than this is parsed anew each time; remembering it would cost more memory than it saves time. */
const MEMO_BYTES_LIMIT = 8 * 1024;

/**
 * Parser of the request heads of one connection. Heads repeat on a kept-alive connection, so the last one is kept as
 * bytes: {@link again} gives the same objects for an equal head, an equal header block gives the same HeaderList, and
 * everything derived from it with it. What it returns is always what a parser without memory would return.
 */
export class RequestParser {
  readonly #limits: Limits;
  #lastHead: Buffer = EMPTY;
  #lastResult: ParsedRequest | undefined = undefined;
  #lastBlock: Buffer = EMPTY;
  #lastFacts: HeaderFacts | undefined = undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * What the last head was parsed to, if that head stands at `start` again, {@link lastLength} bytes long. Nobody need
   * look for its end: the only empty line of those bytes is the one they end with.
   */
  again(bytes: Buffer, start: number): ParsedRequest | undefined {
    const end = start + this.#lastHead.length;
    return end <= bytes.length && isSame(this.#lastHead, bytes, start, end) ? this.#lastResult : undefined;
  }

  /** Length of the head that {@link again} knows. */
  get lastLength(): number {
    return this.#lastHead.length;
  }

  /**
   * Parses the head that stands in `bytes` from `start` to `end`, where `end` is behind the empty line, so the last
   * four bytes are CR LF CR LF. Ask {@link again} before.
   */
  parse(bytes: Buffer, start: number, end: number): ParsedRequest | RequestFault {
    const lineEnd = bytes.indexOf('\r\n', start, 'latin1');
    const line = parseRequestLine(bytes.toString('latin1', start, lineEnd), this.#limits);
    if ('code' in line) return line;
    const facts = this.#headerFacts(bytes, lineEnd, end, line);
    if ('code' in facts) return facts;
    const result = join(line, facts);
    if ('code' in result) return result;
    if (end - start <= MEMO_BYTES_LIMIT) {
      this.#lastHead = remember(this.#lastHead, bytes, start, end);
      this.#lastResult = result;
    }
    return result;
  }

  /** From the CRLF that ends the request line to the end of the head. */
  #headerFacts(bytes: Buffer, start: number, end: number, line: RequestLine): HeaderFacts | RequestFault {
    const last = this.#lastFacts;
    if (last?.version === line.version && isSame(this.#lastBlock, bytes, start, end)) return last;
    const headers = parseHeaderBlock(
      bytes.toString('latin1', start + 2, Math.max(end - 4, start + 2)),
      this.#limits.headerCount,
    );
    if (headers === 'too-many') return fault('request_head_too_large', 'too many header lines');
    if (headers === 'malformed') return fault('request_malformed', 'header line');
    const facts = readHeaderFacts(headers, line.version);
    if (!('code' in facts) && end - start <= MEMO_BYTES_LIMIT) {
      this.#lastBlock = remember(this.#lastBlock, bytes, start, end);
      this.#lastFacts = facts;
    }
    return facts;
  }
}

interface RequestLine {
  readonly method: string;
  readonly target: Target;
  readonly version: HttpVersion;
}

/** RFC 9112 §3: method SP request-target SP HTTP-version, single spaces, nothing else. */
function parseRequestLine(line: string, { targetBytes, compat }: Limits): RequestLine | RequestFault {
  const match = REQUEST_LINE.exec(line);
  if (match === null) return fault('request_malformed', 'request line');
  const [, method = '', targetText = '', major, minor] = match;
  if (!isToken(method)) return fault('request_malformed', 'method');
  // RFC 9112 §2.3: HTTP/1.x with a higher minor version is read as 1.1; another major version is another syntax.
  if (major !== '1') return fault('version_unsupported', `HTTP/${major}.${minor}`);
  if (targetText.length > targetBytes) return fault('target_too_long', `${targetText.length} bytes`);
  const target = parseTarget(method, targetText, compat);
  if (typeof target === 'string') return { ...fault(TARGET_FAULT_CODES[target], 'request target'), target: targetText };
  return { method, target, version: minor === '0' ? 'HTTP/1.0' : 'HTTP/1.1' };
}

function readHeaderFacts(headers: HeaderList, version: HttpVersion): HeaderFacts | RequestFault {
  const isHttp10 = version === 'HTTP/1.0';
  // RFC 9112 §3.2: no Host in HTTP/1.1, more than one, or an invalid one, gets 400.
  const hostCount = headers.count('host');
  if (hostCount > 1 || (hostCount === 0 && !isHttp10)) return fault('request_malformed', `${hostCount} Host lines`);
  const hostText = headers.get('host');
  const host = hostText === undefined ? undefined : parseAuthority(hostText);
  if (hostText !== undefined && host === undefined) return fault('request_malformed', 'Host');

  const framing = requestFraming(headers, isHttp10);
  if (framing === 'malformed') return fault('request_malformed', 'body length');
  if (framing === 'unsupported-coding')
    return fault('transfer_coding_unsupported', headers.get('transfer-encoding') ?? '');

  const options = connectionOptions(headers);
  const expect = headers.get('expect');
  // RFC 9110 §10.1.1: an expectation other than 100-continue cannot be met. One from HTTP/1.0 is ignored.
  if (expect !== undefined && !isHttp10 && expect.toLowerCase() !== '100-continue')
    return fault('expectation_failed', expect);
  return {
    headers,
    version,
    host,
    framing,
    keepsAlive: !options.includes('close') && (!isHttp10 || options.includes('keep-alive')),
    upgrade: isHttp10 || !options.includes('upgrade') ? undefined : firstProtocol(headers),
    expectsContinue: expect !== undefined && !isHttp10 && framing.kind !== 'none',
  };
}

/** RFC 9110 §7.8: the protocols are in order of preference; we pass on the first alone. */
function firstProtocol(headers: HeaderList): string | undefined {
  return splitList(headers.getJoined('upgrade') ?? '')[0]?.toLowerCase();
}

function join(line: RequestLine, facts: HeaderFacts): ParsedRequest | RequestFault {
  // RFC 9112 §3.2.2: the authority of an absolute target replaces Host.
  const authority = line.target.authority ?? facts.host;
  const isUpgrade = facts.upgrade !== undefined && facts.framing.kind === 'none';
  const head: RequestHead = {
    method: line.method,
    target: line.target,
    authority,
    upgrade: isUpgrade ? facts.upgrade : undefined,
    expectsContinue: facts.expectsContinue,
    version: line.version,
    headers: facts.headers,
  };
  return { head, framing: facts.framing, keepsAlive: facts.keepsAlive };
}

function isSame(remembered: Buffer, bytes: Buffer, start: number, end: number): boolean {
  return remembered.length === end - start && remembered.compare(bytes, start, end) === 0;
}

/** Keeps the bytes in the old buffer if they fit exactly, so that a stable connection allocates once. */
function remember(old: Buffer, bytes: Buffer, start: number, end: number): Buffer {
  const kept = old.length === end - start ? old : Buffer.allocUnsafe(end - start);
  bytes.copy(kept, 0, start, end);
  return kept;
}

function fault(code: ErrorCode, detail: string): RequestFault {
  return { code, detail };
}
