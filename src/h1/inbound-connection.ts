// A client's HTTP/1.1 connection: bytes to exchanges, one after the other, answers in order, with limits and deadlines.
import type { Release } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import type { Connection, ConnectionUser } from '../net/connection.ts';
import { ByteQueue } from '../util/byte-queue.ts';
import { BodyEncoder, type EncoderOwner } from './body-encoder.ts';
import { findHeadEnd, hasBareLineFeed, isHttp2Preface, skipEmptyLines } from './head-scan.ts';
import { printResponseHead } from './head-writer.ts';
import { InboundTurn } from './inbound-turn.ts';
import type { ConnectionLimits } from './limits.ts';
import { type ParsedRequest, RequestParser } from './request-parser.ts';
import { TunnelEnd } from './tunnel.ts';

/**
 * What the connection waits for:
 *
 *     idle       for a request: nothing of the next head is here
 *     head       for the rest of a head
 *     busy       for the exchange under way (body in, answer out)
 *     lingering  for the client to close, dropping what it still sends (RFC 9112 §9.6)
 *     closed     for nothing
 */
type Phase = 'idle' | 'head' | 'busy' | 'lingering' | 'closed';

/** Told when the connection is over, to forget it. */
export type OnGone = (connection: InboundConnection) => void;

/** Takes the connection of a client that speaks HTTP/2 (RFC 9113 §3.3); `bytes` are all it sent so far. */
export type OnHttp2 = (bytes: Buffer) => void;

/** The server role of HTTP/1.1 on one connection. */
export class InboundConnection implements ConnectionUser {
  readonly facts: ConnectionFacts;
  readonly #connection: Connection;
  readonly #host: ExchangeHost;
  readonly #limits: ConnectionLimits;
  readonly #parser: RequestParser;
  readonly #onGone: OnGone;
  readonly #onHttp2: OnHttp2 | undefined;
  readonly #pending = new ByteQueue();
  #phase: Phase = 'idle';
  #turn: InboundTurn | undefined = undefined;
  #isReading = false;
  #isDraining = false;
  #lingeredBytes = 0;
  #waitingAtDeadline = 0;
  #headEnd = 0;
  #isHead = false;
  /** What the host is told of a refused head. */
  #refusedTarget: string | undefined = undefined;
  #searchFrom = 0;

  constructor(
    connection: Connection,
    facts: ConnectionFacts,
    host: ExchangeHost,
    limits: ConnectionLimits,
    onGone: OnGone,
    onHttp2?: OnHttp2,
  ) {
    this.#connection = connection;
    this.facts = facts;
    this.#host = host;
    this.#limits = limits;
    this.#parser = new RequestParser(limits);
    this.#onGone = onGone;
    this.#onHttp2 = onHttp2;
    connection.use(this);
    connection.expireIn(limits.headTimeoutMs);
  }

  /** Whether an exchange is under way. */
  get isBusy(): boolean {
    return this.#phase === 'busy';
  }

  /** Finishes what is under way, then closes; an idle connection closes at once. */
  drain(): void {
    this.#isDraining = true;
    if (this.#phase === 'idle' && this.#connection.bytesRead > 0) this.#close();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#connection.destroy();
  }

  onBytes(bytes: Buffer, release: Release | undefined): void {
    if (this.#phase === 'lingering') {
      this.#dropLingering(bytes.length);
      release?.();
      return;
    }
    const start = this.#turn?.reader !== undefined ? this.#turn.feed(bytes, 0, release) : 0;
    if (start === bytes.length) return;
    if (this.#turn !== undefined || this.#pending.length > 0) this.#queue(bytes, start);
    else this.#readDirect(bytes, start);
    release?.();
  }

  onEnd(): void {
    if (this.#phase === 'head') this.#refuse(new ProxyError('request_truncated', 'end of connection in the head'));
    else if (this.#phase === 'busy') this.#turn?.clientEnded();
    else this.#close();
  }

  onDrain(): void {
    this.#turn?.drained();
  }

  onDeadline(): void {
    if (this.#phase === 'idle') this.#close();
    else if (this.#phase === 'head') this.#refuse(new ProxyError('request_head_timeout'));
    else if (this.#phase === 'busy') this.#checkProgress();
    else this.#connection.destroy();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#phase = 'closed';
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.clientGone(new ProxyError('client_gone', error?.code ?? '', { cause: error, errno: error?.code }));
    this.#onGone(this);
  }

  /** The turn has its answer written and its request read: on to the next, or to the end. */
  turnOver(turn: InboundTurn, mayGoOn: boolean): void {
    if (this.#turn !== turn) return;
    this.#turn = undefined;
    if (this.#phase === 'closed') return;
    if (!mayGoOn) {
      this.#linger();
      return;
    }
    this.#phase = 'idle';
    this.#connection.wantsSlabs = false;
    this.#connection.expireIn(this.#limits.idleTimeoutMs);
    if (this.#pending.length > 0) this.#readPending();
    else if (this.#isDraining || this.#host.isDraining || this.#connection.hasEnded) this.#close();
    if (this.#turn === undefined) this.#connection.resume();
  }

  /** The connection belongs to a tunnel now; bytes that came early go with it. */
  switchProtocol(onClosed: () => void): TunnelEnd {
    this.#phase = 'closed';
    this.#turn = undefined;
    const early = this.#pending.takeAll();
    return new TunnelEnd(this.#connection, early, this.#limits.tunnelIdleTimeoutMs, () => {
      onClosed();
      this.#onGone(this);
    });
  }

  /** Ends the connection after a failure that the client must be able to see. */
  cut(isUntilClose: boolean): void {
    this.#turn = undefined;
    this.#phase = 'lingering';
    // A body that lasts until close would look whole behind a FIN: only RST tells (RFC 9112 §8).
    if (isUntilClose) this.#connection.reset();
    else this.#linger();
  }

  /** Whether the client ended its half and nothing of another request waits. */
  get isLastRequest(): boolean {
    return this.#connection.hasEnded && this.#pending.length === 0;
  }

  get isEnding(): boolean {
    return this.#isDraining || this.#host.isDraining || this.isLastRequest;
  }

  /** Bytes that a body took although they belong to the next request. */
  requeue(bytes: Buffer): void {
    const behind = this.#pending.takeAll();
    this.#pending.append(bytes);
    this.#pending.append(behind);
  }

  /** Bytes that could not be read at once: of a head that came in parts, or of the next request (pipelining). */
  #queue(bytes: Buffer, start: number): void {
    this.#pending.append(bytes, start);
    if (this.#turn === undefined) this.#readPending();
    else if (this.#pending.length > this.#limits.headBytes) this.#connection.pause();
  }

  /** Turns queued bytes into exchanges, in a loop: answers that are there at once must not grow the stack. */
  #readPending(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#turn === undefined && this.#pending.length > 0 && (this.#phase === 'idle' || this.#phase === 'head')) {
      const bytes = this.#pending.view();
      const parsed = this.#nextHead(bytes, 0);
      if (parsed === undefined) {
        this.#checkPartialHead(bytes, 0);
        break;
      }
      if (parsed instanceof ProxyError && this.#speaksHttp2(bytes)) {
        this.#handOver(this.#pending.takeAll());
        break;
      }
      this.#pending.consume(this.#headEnd);
      this.#searchFrom = 0;
      if (parsed instanceof ProxyError) this.#refuse(parsed);
      else this.#begin(parsed);
    }
    this.#isReading = false;
  }

  /** Reads a head straight from the bytes of one read, the usual case; keeps what is not whole. */
  #readDirect(bytes: Buffer, start: number): void {
    const parsed = this.#nextHead(bytes, start);
    if (parsed === undefined) {
      this.#pending.append(bytes, start);
      this.#checkPartialHead(bytes, start);
    } else if (parsed instanceof ProxyError) {
      if (this.#speaksHttp2(bytes)) this.#handOver(Buffer.from(bytes));
      else this.#refuse(parsed);
    } else {
      if (this.#headEnd < bytes.length) this.#pending.append(bytes, this.#headEnd);
      this.#begin(parsed);
      if (this.#turn === undefined && this.#pending.length > 0) this.#readPending();
    }
  }

  /** The head at `start`, parsed; undefined while it is not whole. Leaves the index behind it in #headEnd. */
  #nextHead(bytes: Buffer, from: number): ParsedRequest | ProxyError | undefined {
    const again = this.#parser.again(bytes, from);
    if (again !== undefined) {
      this.#headEnd = from + this.#parser.lastLength;
      return again;
    }
    const start = skipEmptyLines(bytes, from);
    const end = findHeadEnd(bytes, Math.max(start, this.#searchFrom));
    if (end < 0) return undefined;
    this.#headEnd = end;
    if (end - start > this.#limits.headBytes)
      return new ProxyError(overflowCode(bytes, start, this.#limits), `${end - start} bytes`);
    const parsed = this.#parser.parse(bytes, start, end);
    if (!('code' in parsed)) return parsed;
    this.#isHead = bytes.toString('latin1', start, start + 5) === 'HEAD ';
    this.#refusedTarget = parsed.target;
    return new ProxyError(parsed.code, parsed.detail);
  }

  /** Whether what was refused as a request is the preface of HTTP/2 as the first bytes of the connection. */
  #speaksHttp2(bytes: Buffer): boolean {
    return this.#onHttp2 !== undefined && bytes.length === this.#connection.bytesRead && isHttp2Preface(bytes);
  }

  #handOver(bytes: Buffer): void {
    this.#phase = 'closed';
    this.#onHttp2?.(bytes);
  }

  /** What can be said of a head before it is whole: too long, or broken. Never searches the same bytes twice. */
  #checkPartialHead(bytes: Buffer, start: number): void {
    const size = bytes.length - start;
    const first = skipEmptyLines(bytes, start);
    if (first === bytes.length) {
      // Empty lines alone are no head that began.
      this.#pending.takeAll();
      this.#searchFrom = 0;
      this.#phase = 'idle';
      return;
    }
    if (hasBareLineFeed(bytes, Math.max(first, start + this.#searchFrom))) {
      this.#refuse(new ProxyError('request_malformed', 'bare LF in the head'));
    } else if (size > this.#limits.headBytes) {
      this.#refuse(new ProxyError(overflowCode(bytes, first, this.#limits), `${size} bytes`));
    } else {
      this.#searchFrom = Math.max(0, size - 3);
      if (this.#phase === 'idle') this.#connection.expireIn(this.#limits.headTimeoutMs);
      this.#phase = 'head';
    }
  }

  #begin(parsed: ParsedRequest): void {
    if (parsed.framing.kind === 'length' && parsed.framing.length > this.#limits.bodyBytes) {
      this.#refuse(new ProxyError('request_body_too_large', `${parsed.framing.length} bytes announced`));
      return;
    }
    this.#phase = 'busy';
    this.#searchFrom = 0;
    this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
    const turn = new InboundTurn(this, this.#connection, this.#host, this.#limits, parsed);
    this.#turn = turn;
    if (turn.reader !== undefined && this.#pending.length > 0) {
      const bytes = this.#pending.takeAll();
      const end = turn.feed(bytes, 0, undefined);
      if (end < bytes.length) this.#pending.append(bytes, end);
    }
    turn.open(this.facts);
  }

  /** Answers what never became an exchange, and closes: the next request could not be found (RFC 9112 §2.2). */
  #refuse(error: ProxyError): void {
    this.#phase = 'lingering';
    const reply = this.#host.refuse(this.facts, error, this.#refusedTarget);
    const text = printResponseHead(reply.head, 'length', reply.body.length ?? 0, 'close');
    const owner: EncoderOwner = { bodyWritten: () => this.#linger(), bodyFailed: () => this.#connection.destroy() };
    const encoder = new BodyEncoder(
      this.#connection,
      owner,
      this.#isHead ? 'drop' : 'length',
      reply.body.length ?? 0,
      text,
    );
    reply.body.sendTo(encoder);
  }

  /** A client that makes progress, however slow, gets more time; one that does not is cut off. */
  #checkProgress(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    const waiting = this.#connection.bytesWaiting;
    if (waiting > 0) {
      if (waiting === this.#waitingAtDeadline) {
        turn.giveUp(new ProxyError('response_write_timeout'));
        return;
      }
      this.#waitingAtDeadline = waiting;
      this.#connection.expireIn(this.#limits.writeTimeoutMs);
      return;
    }
    turn.bodyTimedOut();
  }

  /**
   * RFC 9112 §9.6: close in stages, or the reset that unread bytes cause may destroy the answer on its way. Our FIN goes
   * out, what the client still sends is dropped within bounds, then the connection ends.
   */
  #linger(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#connection.end();
    this.#pending.takeAll();
    this.#connection.wantsSlabs = false;
    this.#connection.expireIn(this.#limits.lingerTimeoutMs);
    if (this.#connection.hasEnded)
      this.#connection.deadlineMs = this.#connection.deadlines.in(this.#limits.lingerTimeoutMs);
    this.#connection.resume();
  }

  #dropLingering(size: number): void {
    this.#lingeredBytes += size;
    if (this.#lingeredBytes > this.#limits.lingerBytes) this.#connection.destroy();
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#connection.end();
    this.#connection.expireIn(this.#limits.lingerTimeoutMs);
  }
}

/** A head that outgrew its limit within the request line has too long a target. */
function overflowCode(
  bytes: Buffer,
  start: number,
  limits: ConnectionLimits,
): 'target_too_long' | 'request_head_too_large' {
  const lineEnd = bytes.indexOf('\r\n', start, 'latin1');
  return (lineEnd < 0 ? bytes.length : lineEnd) - start > limits.targetBytes
    ? 'target_too_long'
    : 'request_head_too_large';
}
