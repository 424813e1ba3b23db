// For backends on Fastify 4 and 5: the public address through `rewriteUrl`, which runs before routing, and a plug-in beside it.
import { type BackendOptions, createConsumer, type Reception } from './_consumer.ts';
import { type NodeRequest, REFUSAL_HEADERS, REFUSALS, receiveNodeRequest } from './_node-request.ts';
import { attachedPublicRequest } from './_public-url.ts';

export type { BackendOptions, PublicRequest } from './_consumer.ts';
export { type PublicUrl, publicRequestOf, publicUrl } from './_public-url.ts';

/** Fastify's request, as far as it is used. */
interface FastifyRequestLike {
  readonly raw: NodeRequest;
}

/** Fastify's reply, as far as it is used. */
interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  headers(headers: Record<string, string>): FastifyReplyLike;
  send(body: string): FastifyReplyLike;
}

type OnRequest = (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void;

/** A Fastify instance, as far as it is used. */
interface FastifyLike {
  addHook(name: 'onRequest', hook: OnRequest): unknown;
}

/** The two halves: one for the options of `Fastify()`, one to register. */
export interface FastifyPublicAddress {
  /** For the option of that name. */
  readonly rewriteUrl: (this: unknown, request: NodeRequest) => string;
  /** To register first of all on the outermost instance. Until it is, refused requests get Fastify's own 400. */
  readonly plugin: (instance: FastifyLike, options: unknown, done: () => void) => void;
}

/** Fastify answers 400 to it before hooks and routes: no router can decode it. */
const UNROUTABLE = '/%';

/**
 * Makes both halves: `const { rewriteUrl, plugin } = publicAddress(); const app = Fastify({ rewriteUrl }); app.register(plugin)`.
 * They set `request.protocol`, `host`, `hostname`, `port`, `originalUrl` and `url`.
 * Throws a RangeError or SyntaxError for options that make no sense.
 */
export function publicAddress(options: BackendOptions = {}): FastifyPublicAddress {
  const consume = createConsumer(options);
  const refusals = new WeakMap<object, Extract<Reception, { kind: 'refused' }>>();
  const instances = new WeakSet<object>();

  function rewriteUrl(this: unknown, request: NodeRequest): string {
    const received = request.url ?? '/';
    const reception = receiveNodeRequest(consume, request);
    if (reception.kind === 'accepted') return request.url ?? received;
    refusals.set(request, reception);
    return typeof this === 'object' && this !== null && instances.has(this) ? '/' : UNROUTABLE;
  }

  function plugin(instance: FastifyLike, _: unknown, done: () => void): void {
    instances.add(instance);
    instance.addHook('onRequest', function setPublicAddress(request, reply, next) {
      const refusal = refusals.get(request.raw);
      if (refusal !== undefined) {
        reply.code(refusal.status).headers(REFUSAL_HEADERS).send(REFUSALS[refusal.status].body);
        return;
      }
      const publicRequest = attachedPublicRequest(request.raw);
      if (publicRequest !== undefined && publicRequest.source !== 'request') {
        // Host and port follow the Host header; the scheme is the one thing that Fastify reads off the socket.
        Object.defineProperty(request, 'protocol', { value: publicRequest.address.scheme, configurable: true });
      }
      next();
    });
    done();
  }

  // What fastify-plugin does: the hook is for the instance itself, not for a child of it.
  const marks = { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'portico-public-address' };
  return { rewriteUrl, plugin: Object.assign(plugin, marks) };
}
