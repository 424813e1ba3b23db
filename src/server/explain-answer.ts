// What rewriting does to the answer of one request: fetches it through the whole pipeline, without a listener, and compares.
import type { Body } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { LeakRecord, RescueRecord } from '../exchange/rewrite-figures.ts';
import { compareHeaders, type HeaderChange } from '../rewrite/trace/header-changes.ts';
import { namePlaces } from '../rewrite/trace/places.ts';
import { REWRITE_TRACE, RewriteTrace } from '../rewrite/trace/rewrite-trace.ts';
import { nameRule } from '../rewrite/trace/rules.ts';
import type { Services } from './build.ts';
import { type ExplainQuestion, toRequest } from './explain.ts';
import type { Generation } from './generation.ts';
import { ExchangeServer } from './serve.ts';

/** One changed stretch of the body. Texts are its bytes read as UTF-8. */
export interface BodyChange {
  /** Offsets in the body as it came, content codings undone. */
  readonly start: number;
  readonly end: number;
  /** Where that is, counted from 1; columns count bytes. */
  readonly line: number;
  readonly column: number;
  readonly before: string;
  readonly after: string;
  /** What stands around it. */
  readonly context: readonly [left: string, right: string];
  /** What it is part of, such as `href of <a>`. */
  readonly place: string;
  readonly rule: string;
}

/** What became of one answer. */
export interface ExplainedAnswer {
  readonly status: number;
  /** The code of the failure that the client is told of. */
  readonly error: string | undefined;
  /** Who answered; undefined where nothing was proxied. */
  readonly endpoint: string | undefined;
  readonly headers: readonly HeaderChange[];
  /** How the body was read; undefined where it passed as it is. */
  readonly language: string | undefined;
  readonly encoding: string;
  /** Why it passed, if that is more than its type. */
  readonly untouched: readonly string[];
  /** Bytes of the body before and after, as far as they came. */
  readonly bytes: readonly [before: number, after: number];
  /** Whether the body was left before its end, because that is far or never. */
  readonly isCut: boolean;
  readonly changes: readonly BodyChange[];
  readonly leaks: readonly LeakRecord[];
  readonly rescues: readonly RescueRecord[];
}

/** How much of a body is looked at, and for how long: an event stream has no end. */
const LIMITS = { bytes: 32 * 1024 * 1024, timeMs: 10_000 };
const CONTEXT_BYTES = 40;

/** Sends the request and says what became of its answer. A sentence instead for a question that is none. */
export async function explainAnswer(
  generation: Generation,
  question: ExplainQuestion,
  { clock, log }: Pick<Services, 'clock' | 'log'>,
): Promise<ExplainedAnswer | string> {
  const parsed = toRequest(question, generation);
  if (typeof parsed === 'string') return parsed;
  const server = new ExchangeServer(generation, log, [], undefined);
  const trace = new RewriteTrace();
  let exchange: Exchange | undefined;
  const reply = await new Promise<Reply>((respond) => {
    const carrier = { respond, sendInterim: () => {} };
    exchange = server.open(parsed.connection, parsed.request, parsed.body, carrier);
    exchange.set(REWRITE_TRACE, trace);
    server.run(exchange, carrier);
  });
  const read = await readBody(reply, clock);
  // Not by way of the server: nobody made this request, and no log or metric shall tell of it.
  generation.leave();
  return toAnswer(generation, exchange, reply, trace, read);
}

function toAnswer(
  generation: Generation,
  exchange: Exchange | undefined,
  { head }: Reply,
  trace: RewriteTrace,
  { bytes, isCut, failure }: ReadBody,
): ExplainedAnswer {
  const figures = generation.routes.flatMap((route) => generation.detailsOf(route).serving.rewriting?.figures() ?? []);
  const { original } = trace;
  return {
    status: head.status,
    error: failure?.code ?? exchange?.error?.code,
    endpoint: exchange?.upstream?.endpoint,
    headers: trace.received === undefined ? [] : compareHeaders(trace.received, head.headers),
    language: trace.language,
    encoding: trace.encoding,
    untouched: figures.flatMap(({ untouched }) => Object.keys(untouched)),
    bytes: [trace.language === undefined ? bytes : original.length, bytes],
    isCut,
    changes: describeChanges(trace, original),
    leaks: figures.flatMap(({ leaks }) => leaks),
    rescues: figures.flatMap(({ rescues }) => rescues),
  };
}

function describeChanges({ language, map, edits }: RewriteTrace, original: Buffer): BodyChange[] {
  if (language === undefined || map === undefined) return [];
  const places = namePlaces(language, original, edits);
  let [line, lineStart] = [1, 0];
  return edits.map(({ start, end, text }, index) => {
    for (let at = original.indexOf(0x0a, lineStart); at >= 0 && at < start; at = original.indexOf(0x0a, lineStart)) {
      line++;
      lineStart = at + 1;
    }
    const around = (from: number, to: number) =>
      original.toString('utf8', Math.max(0, from), to).replace(/^\ufffd+|\ufffd+$/g, '');
    const before = original.toString('latin1', start, end);
    return {
      ...{ start, end, line, column: start - lineStart + 1, before: toUtf8(before), after: toUtf8(text) },
      context: [around(start - CONTEXT_BYTES, start), around(end, end + CONTEXT_BYTES)],
      place: places[index] ?? '',
      rule: nameRule(before, text, map),
    };
  });
}

function toUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

interface ReadBody {
  readonly bytes: number;
  readonly isCut: boolean;
  readonly failure: ProxyError | undefined;
}

/** Reads a body to its end, or as far as the limits let it, and keeps nothing: the trace has it. */
function readBody({ body, tunnel }: Reply, clock: Services['clock']): Promise<ReadBody> {
  const left = new ProxyError('client_gone', 'enough was seen');
  if (tunnel !== undefined) {
    tunnel.abort(left);
    body.cancel(left);
    return Promise.resolve({ bytes: 0, isCut: true, failure: undefined });
  }
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (isCut: boolean, failure?: ProxyError) => {
      stopTimer();
      resolve({ bytes, isCut, failure });
    };
    const cut = () => {
      body.cancel(left);
      finish(true);
    };
    const stopTimer = clock.after(LIMITS.timeMs, cut);
    send(
      body,
      (length) => {
        bytes += length;
        if (bytes > LIMITS.bytes) cut();
      },
      finish,
    );
  });
}

function send(
  body: Body,
  onBytes: (length: number) => void,
  finish: (isCut: boolean, failure?: ProxyError) => void,
): void {
  body.sendTo({
    onDrained: undefined,
    write(chunk, release) {
      release?.();
      onBytes(chunk.length);
      return true;
    },
    end: () => finish(false),
    abort: (error) => finish(true, error),
  });
}
