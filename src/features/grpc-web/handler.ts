// Translates calls of gRPC-Web to gRPC and the answers back ("gRPC-Web" of the gRPC project, PROTOCOL-WEB).
import { emptyBody, transformBody } from '../../exchange/body.ts';
import { mapReply } from '../../exchange/compose.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureInstance } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import { type GrpcWebType, isGrpc, parseGrpcWebType } from '../../http/grpc.ts';
import { HeaderList } from '../../http/header-list.ts';
import { reasonPhrase } from '../../http/status.ts';
import { splitList } from '../../http/token.ts';
import { Base64Encoder, decodedBody } from './_base64.ts';
import { TrailerFrameSink } from './_trailer-frame.ts';
import type { GrpcWebOptions } from './options.ts';

/** Makes the handler of one mount. */
export function createGrpcWeb(isOn: GrpcWebOptions): FeatureInstance {
  if (!isOn) return {};
  return {
    handle: function grpcWeb(exchange, next) {
      const { method, headers } = exchange.request;
      if (method === 'OPTIONS' && headers.has('access-control-request-method')) return mapReply(next(), allowAsking);
      const type = method === 'POST' ? parseGrpcWebType(headers.get('content-type')) : undefined;
      if (type === undefined) return next();
      translateRequest(exchange, type);
      const answerType = findAnswerType(headers.getJoined('accept'), type);
      return mapReply(next(), (reply) => translateReply(reply, answerType));
    },
    explain: () => ['translates gRPC-Web to gRPC, and the answers back'],
  };
}

/**
 * Pages of other origins ask before they call, and servers of gRPC know no OPTIONS. Who is allowed is told by the headers
 * that the operator sets; without them browsers take this as a refusal too.
 */
function allowAsking(reply: Reply): Reply {
  if (reply.head.status < 400 && !isGrpc(reply.head.headers.get('content-type'))) return reply;
  reply.body.cancel(new ProxyError('client_gone', 'the question is answered here'));
  return { head: { status: 204, reason: reasonPhrase(204), headers: new HeaderList() }, body: emptyBody };
}

function translateRequest(exchange: Exchange, { isText, format }: GrpcWebType): void {
  const { headers } = exchange.outbound;
  headers.set('Content-Type', `application/grpc${format}`);
  // Servers of gRPC insist on it, and only then send trailers ("gRPC over HTTP/2").
  headers.set('TE', 'trailers');
  // These say what the client takes, not what we do.
  for (const name of ['accept', 'accept-encoding', 'x-grpc-web', 'content-length']) headers.delete(name);
  if (isText) exchange.body = decodedBody(exchange.body);
}

/** What the client names in Accept, else what it sent. */
function findAnswerType(accept: string | undefined, sent: GrpcWebType): GrpcWebType {
  for (const range of splitList(accept ?? '')) {
    const type = parseGrpcWebType(range);
    if (type !== undefined) return type;
  }
  return sent;
}

/** An answer that is not gRPC passes as it is: clients make a status of its HTTP status. */
function translateReply(reply: Reply, { isText, format }: GrpcWebType): Reply {
  const { head, body } = reply;
  const contentType = head.headers.get('content-type');
  if (!isGrpc(contentType)) return reply;
  const headers = head.headers.toMutable();
  const own = /\+[\w.+-]+/.exec(contentType ?? '')?.[0] ?? format;
  headers.set('Content-Type', `application/grpc-web${isText ? '-text' : ''}${own}`);
  headers.delete('content-length');
  headers.delete('trailer');
  const translated = transformBody(body, (sink) => new TrailerFrameSink(isText ? new Base64Encoder(sink) : sink));
  return { head: { ...head, headers }, body: body.isEmpty ? body : translated };
}
