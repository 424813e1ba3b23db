// The access log for people: what happened first, then the details as NAME=VALUE.
import type { Exchange, UpstreamRecord } from '../../exchange/exchange.ts';
import type { Mount } from '../../exchange/route.ts';
import { EscapeCache, escapeQuoted, escapeWord } from '../../observe/escape.ts';
import { failurePhase } from '../../observe/failure-phase.ts';
import type { Clock } from '../../util/clock.ts';
import { type LinePrinter, LogTime, MountTexts, printMs, readClientTexts } from './line-printer.ts';

/** Makes a printer of readable lines. */
export function createTextPrinter(clock: Clock): LinePrinter {
  const time = new LogTime(clock, (date) => date.toISOString().slice(0, 19));
  const words = new EscapeCache(escapeWord);
  const userAgent = new EscapeCache((text) => ` user-agent="${escapeQuoted(text)}"`);
  const referer = new EscapeCache((text) => ` referer="${escapeQuoted(text)}"`);
  const endpoint = new EscapeCache((text) => ` endpoint=${escapeWord(text)}`);
  const mounts = new MountTexts(printMount);

  return function printTextLine(exchange, status) {
    const { request, client, route, timeline, upstream, bytesSent, bytesReceived } = exchange;
    const texts = readClientTexts(exchange);
    let line = `${time.millisecond()}Z ${escapeWord(client.address)} ${escapeWord(texts.method)} `;
    line += `${client.scheme}://${words.get(texts.host)}${escapeWord(texts.target)} ${request.version} ${status} `;
    line += `${bytesSent}B ${printMs(timeline.end - timeline.requestStart)}ms`;
    if (exchange.error !== undefined) line += printFailure(exchange);
    if (upstream !== undefined) line += endpoint.get(upstream.endpoint) + printAttempts(upstream);
    line += printPhases(exchange);
    if (bytesReceived > 0) line += ` received=${bytesReceived}B`;
    line += `${mounts.get(route.mount)} id=${escapeWord(exchange.id)}`;
    if (texts.referer !== undefined) line += referer.get(texts.referer);
    if (texts.userAgent !== undefined) line += userAgent.get(texts.userAgent);
    return `${line}\n`;
  };
}

function printMount({ site, path }: Mount): string {
  const text = site === '' ? '' : ` site=${escapeWord(site)}`;
  return path === '' ? text : `${text} mount=${escapeWord(path)}`;
}

function printAttempts({ attempts, wasReused }: UpstreamRecord): string {
  if (attempts === 1) return wasReused ? ' attempts=1 reused=yes' : ' attempts=1 reused=no';
  return ` attempts=${attempts} reused=${wasReused ? 'yes' : 'no'}`;
}

function printPhases({ timeline }: Exchange): string {
  const { requestStart, upstreamReady, upstreamSent, upstreamHead, responseHead } = timeline;
  let text = '';
  if (upstreamReady > 0) text += ` connect=${printMs(upstreamReady - requestStart)}ms`;
  if (upstreamHead > 0)
    text += ` wait=${printMs(upstreamHead - upstreamSent)}ms first-byte=${printMs(upstreamHead - requestStart)}ms`;
  if (responseHead > 0) text += ` head=${printMs(responseHead - requestStart)}ms`;
  return text;
}

function printFailure(exchange: Exchange): string {
  const { error } = exchange;
  const text = ` error=${error?.code} phase=${failurePhase(exchange)}`;
  return error?.errno === undefined ? text : `${text} errno=${escapeWord(error.errno)}`;
}
