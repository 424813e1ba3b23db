// The access log as JSON: one flat object a line; what does not apply is left out.
import type { Exchange, UpstreamRecord } from '../../exchange/exchange.ts';
import type { HttpVersion } from '../../exchange/head.ts';
import type { OutboundProtocol } from '../../exchange/outbound.ts';
import type { Mount } from '../../exchange/route.ts';
import { EscapeCache, escapeJson, escapeJsonOctets } from '../../observe/escape.ts';
import { failurePhase } from '../../observe/failure-phase.ts';
import type { Clock } from '../../util/clock.ts';
import { type LinePrinter, LogTime, MountTexts, printMs, readClientTexts } from './line-printer.ts';

/**
 * Makes a printer of JSON lines. The cost of a line is the number of its pieces more than their length, because V8 puts
 * them together only when the line is written: so what repeats is remembered together with what stands around it.
 */
export function createJsonPrinter(clock: Clock): LinePrinter {
  const time = new LogTime(clock, (date) => `{"time":"${date.toISOString().slice(0, 19)}`);
  const client = members('client', escapeJson);
  const host = members('host', escapeJsonOctets);
  const referer = members('referer', escapeJsonOctets);
  const userAgent = members('userAgent', escapeJsonOctets);
  const method = members('method', escapeJson);
  const endpoint = members('endpoint', escapeJson);
  const mounts = new MountTexts(printMount);
  const results = new ResultMembers();

  return function printJsonLine(exchange, status) {
    const { request, route, upstream, error } = exchange;
    const texts = readClientTexts(exchange);
    let line = `${time.millisecond()}Z","id":"${escapeJson(exchange.id)}"${client.get(exchange.client.address)}`;
    line += (exchange.client.scheme === 'https' ? ',"scheme":"https"' : ',"scheme":"http"') + method.get(texts.method);
    if (texts.host !== '') line += host.get(texts.host);
    line += `,"target":"${escapeJsonOctets(texts.target)}${results.get(request.version, status)}${exchange.bytesSent}`;
    line += exchange.bytesReceived === 0 ? ',"bytesReceived":0' : `,"bytesReceived":${exchange.bytesReceived}`;
    if (texts.referer !== undefined) line += referer.get(texts.referer);
    if (texts.userAgent !== undefined) line += userAgent.get(texts.userAgent);
    line += mounts.get(route.mount);
    if (upstream !== undefined) line += endpoint.get(upstream.endpoint) + printAttempts(upstream);
    line += printPhases(exchange);
    return error === undefined ? `${line}}\n` : `${line}${printFailure(exchange)}}\n`;
  };
}

/** Members of one name by their value. */
function members(name: string, escapeText: (text: string) => string): EscapeCache {
  return new EscapeCache((text) => `,"${name}":"${escapeText(text)}"`);
}

function printMount({ site, path }: Mount): string {
  const text = site === '' ? '' : `,"site":"${escapeJson(site)}"`;
  return path === '' ? text : `${text},"mount":"${escapeJson(path)}"`;
}

/** What stands between the target and the number of bytes, by version and status: a thousand at most. */
class ResultMembers {
  readonly #known: Readonly<Record<HttpVersion, Map<number, string>>> = {
    'HTTP/1.0': new Map(),
    'HTTP/1.1': new Map(),
    'HTTP/2.0': new Map(),
  };

  get(version: HttpVersion, status: number): string {
    let text = this.#known[version].get(status);
    if (text === undefined) {
      text = `","protocol":"${version}","status":${status},"bytesSent":`;
      this.#known[version].set(status, text);
    }
    return text;
  }
}

/** Nearly every line has one of these, by what the endpoint was spoken to in. */
const ONE_ATTEMPT = { h1: attemptTexts('h1'), h2: attemptTexts('h2') };

function attemptTexts(protocol: OutboundProtocol) {
  const text = `,"endpointProtocol":"${protocol}","attempts":1,"reused":`;
  return { fresh: `${text}false`, reused: `${text}true` };
}

/** Without a protocol where no connection was had. */
function printAttempts({ attempts, wasReused, protocol }: UpstreamRecord): string {
  if (attempts === 1 && protocol !== undefined) return ONE_ATTEMPT[protocol][wasReused ? 'reused' : 'fresh'];
  const spoken = protocol === undefined ? '' : `,"endpointProtocol":"${protocol}"`;
  return `${spoken},"attempts":${attempts},"reused":${wasReused}`;
}

function printPhases({ timeline }: Exchange): string {
  const { requestStart, upstreamReady, upstreamSent, upstreamHead, responseHead, end } = timeline;
  let text = `,"totalMs":${printMs(end - requestStart)}`;
  if (upstreamReady > 0) text += `,"connectMs":${printMs(upstreamReady - requestStart)}`;
  if (upstreamHead > 0)
    text += `,"waitMs":${printMs(upstreamHead - upstreamSent)},"firstByteMs":${printMs(upstreamHead - requestStart)}`;
  if (responseHead > 0) text += `,"headMs":${printMs(responseHead - requestStart)}`;
  return text;
}

function printFailure(exchange: Exchange): string {
  const { error } = exchange;
  const text = `,"error":"${error?.code}","phase":"${failurePhase(exchange)}"`;
  return error?.errno === undefined ? text : `${text},"errno":"${escapeJson(error.errno)}"`;
}
