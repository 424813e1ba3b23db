// For backends on Koa 2 and 3: the public address as a middleware that goes first.
import { type BackendOptions, createConsumer } from './_consumer.ts';
import { type NodeRequest, REFUSAL_HEADERS, REFUSALS, receiveNodeRequest } from './_node-request.ts';

export type { BackendOptions, PublicRequest } from './_consumer.ts';
export { type PublicUrl, publicRequestOf, publicUrl } from './_public-url.ts';
export { behindFront, virtualHosts } from './node-http.ts';

/** A Koa context, as far as it is used. */
interface KoaContextLike {
  readonly req: NodeRequest;
  readonly request: object & { originalUrl: string };
  originalUrl: string;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

/**
 * A middleware that sets the public address: `ctx.protocol`, `secure`, `host`, `hostname`, `origin`, `href`, `originalUrl` and
 * `url`. Make it the first `app.use`: whatever stands before it (sessions, authentication, logs) would see the form.
 * Throws a RangeError or SyntaxError for options that make no sense.
 */
export function publicAddress(options: BackendOptions = {}) {
  const consume = createConsumer(options);
  return async function publicAddressMiddleware(ctx: KoaContextLike, next: () => Promise<unknown>): Promise<void> {
    const reception = receiveNodeRequest(consume, ctx.req);
    if (reception.kind === 'refused') {
      ctx.set(REFUSAL_HEADERS);
      ctx.status = reception.status;
      ctx.body = REFUSALS[reception.status].body;
      return;
    }
    const { address, target, source } = reception.publicRequest;
    if (source !== 'request') {
      ctx.originalUrl = target;
      ctx.request.originalUrl = target;
      // Koa reads the scheme off the socket; secure, origin, href and the cookies follow this one.
      Object.defineProperty(ctx.request, 'protocol', { value: address.scheme, configurable: true });
    }
    await next();
  };
}
