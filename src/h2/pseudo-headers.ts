// From the field section of an HTTP/2 request to a RequestHead, strictly (RFC 9113 §8.2, §8.3; RFC 8441 §4).
import type { ErrorCode } from '../exchange/errors.ts';
import type { RequestHead } from '../exchange/head.ts';
import { parseContentLength } from '../http/framing.ts';
import { HeaderList } from '../http/header-list.ts';
import { type Authority, parseAuthority, parseTarget, type Target } from '../http/target.ts';
import { isToken } from '../http/token.ts';
import {
  findRegularLines,
  type HeadFault,
  type PseudoHeaders,
  REQUEST_FAULTS,
  readFieldLines,
  readPseudoHeaders,
} from './field-lines.ts';
import type { SessionLimits } from './limits.ts';

/** A request head with what its stream must know. */
export interface ReadRequest {
  readonly head: RequestHead;
  /** Content-Length, or undefined; 0 for a request that ended with its head. */
  readonly length: number | undefined;
  /** The `:protocol` of an extended CONNECT (RFC 8441 §4), in lower case; undefined for any other request. */
  readonly protocol: string | undefined;
}

type Limits = Pick<SessionLimits, 'headBytes' | 'headerCount' | 'targetBytes' | 'compat'>;
type PseudoName = ':method' | ':scheme' | ':authority' | ':path' | ':protocol';
const PSEUDO_NAMES: ReadonlySet<PseudoName> = new Set([':method', ':scheme', ':authority', ':path', ':protocol']);

interface HeaderFacts {
  readonly headers: HeaderList;
  readonly authority: Authority;
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
}

/**
 * Reads the heads of one connection. Header lines repeat from request to request, so the last ones are kept: equal
 * lines give the same HeaderList, and everything derived from it with it.
 */
export class HeadReader {
  readonly #limits: Limits;
  #lastLines: readonly string[] = [];
  #lastAuthority: string | undefined = undefined;
  #lastFacts: HeaderFacts | undefined = undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** `lines` are names and values by turns, in the order received. `isWhole`: END_STREAM came with them. */
  read(lines: readonly string[], isWhole: boolean): ReadRequest | HeadFault {
    const read = this.#read(lines, isWhole);
    return 'code' in read && lines[lines.indexOf(':method') + 1] === 'HEAD' ? { ...read, isHead: true } : read;
  }

  #read(lines: readonly string[], isWhole: boolean): ReadRequest | HeadFault {
    const size = lines.reduce((sum, text) => sum + text.length, 0);
    if (size > this.#limits.headBytes) return fault('request_head_too_large', `${size} bytes`);
    const start = findRegularLines(lines);
    const pseudo = readPseudoHeaders(lines, start, PSEUDO_NAMES);
    if (pseudo === undefined) return fault('request_malformed', 'pseudo-header');
    const line = readRequestLine(pseudo, this.#limits);
    if ('code' in line) return line;
    const facts = this.#headerFacts(lines.slice(start), pseudo[':authority']);
    if ('code' in facts) return facts;
    return join(line, facts, isWhole);
  }

  #headerFacts(lines: readonly string[], authority: string | undefined): HeaderFacts | HeadFault {
    if (this.#lastFacts !== undefined && authority === this.#lastAuthority && isEqual(lines, this.#lastLines))
      return this.#lastFacts;
    const headers = readFieldLines(lines, this.#limits.headerCount, REQUEST_FAULTS);
    if (!(headers instanceof HeaderList)) return headers;
    const facts = readHeaderFacts(headers, authority);
    if ('code' in facts) return facts;
    this.#lastLines = lines;
    this.#lastAuthority = authority;
    this.#lastFacts = facts;
    return facts;
  }
}

interface RequestLine {
  readonly method: string;
  readonly target: Target;
  readonly protocol: string | undefined;
}

/** RFC 9113 §8.3.1 and §8.5, RFC 8441 §4. */
function readRequestLine(pseudo: PseudoHeaders<PseudoName>, { targetBytes, compat }: Limits): RequestLine | HeadFault {
  const { ':method': method, ':path': path, ':scheme': scheme, ':protocol': protocol } = pseudo;
  if (method === undefined || !isToken(method)) return fault('request_malformed', ':method');
  if (method === 'CONNECT' && protocol === undefined) return readConnect(pseudo);
  if (protocol !== undefined && (method !== 'CONNECT' || !isToken(protocol)))
    return fault('request_malformed', ':protocol');
  if (scheme === undefined || !/^https?$/i.test(scheme)) return fault('request_malformed', ':scheme');
  if (path === undefined) return fault('request_malformed', 'no :path');
  if (path.length > targetBytes) return fault('target_too_long', `${path.length} bytes`);
  const askedMethod = protocol === undefined ? method : 'GET';
  const target = parseTarget(askedMethod, path, compat);
  if (target === 'unmapped') return { ...fault('mount_unknown', ':path'), target: path };
  // RFC 9113 §8.3.1: path and query, or `*`. An absolute URI here is what request splitting is made of.
  if (target === 'malformed' || (target.form !== 'origin' && target.form !== 'asterisk'))
    return { ...fault('request_malformed', ':path'), target: path };
  return { method: askedMethod, target, protocol: protocol?.toLowerCase() };
}

/** RFC 9113 §8.5: no scheme and no path, the authority with its port. */
function readConnect(pseudo: PseudoHeaders<PseudoName>): RequestLine | HeadFault {
  const target = parseTarget('CONNECT', pseudo[':authority'] ?? '');
  if (pseudo[':path'] !== undefined || pseudo[':scheme'] !== undefined || typeof target === 'string')
    return fault('request_malformed', 'CONNECT');
  return { method: 'CONNECT', target, protocol: undefined };
}

function readHeaderFacts(headers: HeaderList, authorityText: string | undefined): HeaderFacts | HeadFault {
  const hostText = headers.get('host');
  if (headers.count('host') > 1) return fault('request_malformed', 'more than one Host');
  const authority = parseAuthority(authorityText ?? hostText ?? '');
  if (authority === undefined) return fault('request_malformed', 'authority');
  // RFC 9113 §8.3.1: where both stand, they must be the same.
  if (hostText !== undefined && parseAuthority(hostText)?.text !== authority.text)
    return fault('request_malformed', 'Host is not :authority');
  if (headers.count('content-length') > 1) return fault('request_malformed', 'more than one Content-Length');
  const lengthText = headers.get('content-length');
  const contentLength = lengthText === undefined ? undefined : parseContentLength(lengthText);
  if (lengthText !== undefined && contentLength === undefined) return fault('request_malformed', 'Content-Length');
  const expect = headers.get('expect');
  // RFC 9110 §10.1.1: an expectation other than 100-continue cannot be met.
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return fault('expectation_failed', expect);
  // RFC 9113 §8.3.1: who converts to HTTP/1.1 makes Host of :authority; here, so that features see no difference.
  const withHost = new HeaderList();
  withHost.append('host', authority.text);
  for (let index = 0; index < headers.length; index++)
    if (headers.lowerNameAt(index) !== 'host') withHost.appendFrom(headers, index);
  return { headers: withHost, authority, contentLength, expectsContinue: expect !== undefined };
}

function join(line: RequestLine, facts: HeaderFacts, isWhole: boolean): ReadRequest | HeadFault {
  const { contentLength } = facts;
  // RFC 9113 §8.1.1: a content-length that the DATA frames do not add up to makes the request malformed.
  if (isWhole && contentLength !== undefined && contentLength > 0)
    return fault('request_malformed', 'Content-Length without content');
  const isTunnel = line.protocol !== undefined || line.method === 'CONNECT';
  if (isTunnel && contentLength !== undefined) return fault('request_malformed', 'Content-Length of a tunnel');
  const head: RequestHead = {
    method: line.method,
    target: line.target,
    authority: facts.authority,
    upgrade: line.protocol,
    expectsContinue: facts.expectsContinue && !isWhole,
    version: 'HTTP/2.0',
    headers: facts.headers,
  };
  return { head, length: isWhole ? 0 : contentLength, protocol: line.protocol };
}

function isEqual(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

function fault(code: ErrorCode, detail: string): HeadFault {
  return { code, detail };
}
