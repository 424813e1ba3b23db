// The answer to a request for one file: the whole, parts of it, "not modified", or an error (RFC 9110 §13 and §14).
import { randomBytes } from 'node:crypto';
import { type Body, emptyBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import type { ResponseHead } from '../../exchange/head.ts';
import { evaluatePreconditions, isRangeWanted } from '../../http/conditional.ts';
import { type ByteRange, printContentRange, printUnsatisfiedRange, selectRanges } from '../../http/range.ts';
import { reasonPhrase } from '../../http/status.ts';
import type { BodyPart } from './file-body.ts';
import type { Representation } from './representation.ts';

/** Where the bytes of a representation come from. Exactly one of the two is called, once. */
export interface Content {
  /** A body of these parts in this order; a range is one of the bytes of the file. */
  take(parts: readonly BodyPart[]): Body;
  /** Nothing of it is needed. */
  drop(): void;
}

/**
 * Answers a GET or HEAD with `file`. Throws `precondition_failed` or `range_not_satisfiable` where the request asks
 * for what is not there; `content` is dropped then.
 */
export function answerWithFile(exchange: Exchange, file: Representation, content: Content, epochMs: number): Reply {
  const { method, headers } = exchange.request;
  const result = evaluatePreconditions(method, headers, file.validators);
  if (result === 'failed') throw dropped(content, new ProxyError('precondition_failed'));
  const { size } = file.facts;
  if (result === 'not-modified') return withoutBody(file.notModified, content);
  // RFC 9110 §14.2: Range has a meaning for GET only.
  if (method === 'HEAD') return withoutBody(file.whole, content);
  const isRange = headers.has('range') && isRangeWanted(headers, file.validators, epochMs);
  const selection = isRange ? selectRanges(headers, size) : 'whole';
  if (selection === 'whole') {
    if (size === 0) return withoutBody(file.whole, content);
    return { head: file.whole, body: content.take([{ first: 0, last: size - 1 }]) };
  }
  if (selection === 'unsatisfiable') {
    // RFC 9110 §15.5.17: a 416 says how long the representation is.
    const lines = [['Content-Range', printUnsatisfiedRange(size)]] as const;
    throw dropped(content, new ProxyError('range_not_satisfiable', '', { headers: lines }));
  }
  const [only] = selection;
  return selection.length === 1 && only !== undefined
    ? answerWithPart(file, content, only)
    : answerWithParts(file, content, selection);
}

function answerWithPart(file: Representation, content: Content, range: ByteRange): Reply {
  const headers = file.whole.headers.toMutable();
  headers.set('Content-Length', String(range.last + 1 - range.first));
  headers.append('Content-Range', printContentRange(range, file.facts.size));
  return { head: { status: 206, reason: reasonPhrase(206), headers }, body: content.take([range]) };
}

/**
 * RFC 9110 §14.6: multipart/byteranges, each part with its own Content-Type and Content-Range. The boundary is random, so no
 * content can contain it on purpose.
 */
function answerWithParts(file: Representation, content: Content, ranges: readonly ByteRange[]): Reply {
  const boundary = randomBytes(18).toString('hex');
  const parts: BodyPart[] = [];
  for (const range of ranges) {
    const lines = [
      `${parts.length === 0 ? '' : '\r\n'}--${boundary}`,
      `Content-Type: ${file.look.contentType}`,
      `Content-Range: ${printContentRange(range, file.facts.size)}`,
    ];
    parts.push(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), range);
  }
  parts.push(Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'));
  const body = content.take(parts);
  const headers = file.whole.headers.toMutable();
  headers.set('Content-Type', `multipart/byteranges; boundary=${boundary}`);
  headers.set('Content-Length', String(body.length));
  return { head: { status: 206, reason: reasonPhrase(206), headers }, body };
}

function withoutBody(head: ResponseHead, content: Content): Reply {
  content.drop();
  return { head, body: emptyBody };
}

function dropped(content: Content, error: ProxyError): ProxyError {
  content.drop();
  return error;
}
