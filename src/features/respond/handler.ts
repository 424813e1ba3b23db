// Answers every request with the same: a status, headers, perhaps a body.
import { bytesBody, emptyBody } from '../../exchange/body.ts';
import { failedRequest, renderStatus } from '../../exchange/error-reply.ts';
import type { FeatureInstance } from '../../exchange/feature.ts';
import type { Handler, Reply } from '../../exchange/handler.ts';
import type { ResponseHead } from '../../exchange/head.ts';
import { HeaderList } from '../../http/header-list.ts';
import { isBodylessStatus, reasonPhrase } from '../../http/status.ts';
import type { RespondOptions } from './options.ts';

/** Makes the handler of one mount. */
export function createRespond(options: RespondOptions): FeatureInstance {
  const isNeutral = options.body === undefined && options.status >= 400;
  return {
    handle: isNeutral ? answerNeutrally(options) : answerAlike(options),
    explain: () => [`answers ${`${options.status} ${reasonPhrase(options.status)}`.trimEnd()}`],
  };
}

/** One head and one chunk for everybody. */
function answerAlike({ status, body = '', type, headers }: RespondOptions): Handler {
  const bytes = Buffer.from(body, 'utf8');
  const list = new HeaderList();
  if (bytes.length > 0) list.append('Content-Type', type);
  // RFC 9110 §8.6: not with 204.
  if (!isBodylessStatus(status)) list.append('Content-Length', String(bytes.length));
  for (const [name, value] of Object.entries(headers)) list.append(name, value);
  const head: ResponseHead = { status, reason: reasonPhrase(status), headers: list };
  return function respond(): Reply {
    return { head, body: bytes.length === 0 ? emptyBody : bytesBody(bytes) };
  };
}

/** The page that failures have, which `errors` may replace. */
function answerNeutrally({ status, headers }: RespondOptions): Handler {
  const lines = Object.entries(headers);
  return function respond(exchange): Reply {
    const reply = renderStatus(status, failedRequest(exchange));
    if (lines.length === 0) return reply;
    const list = reply.head.headers.toMutable();
    for (const [name, value] of lines) list.set(name, value);
    return { head: { ...reply.head, headers: list }, body: reply.body };
  };
}
