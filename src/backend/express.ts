// For backends on Express 4 and 5: the public address as a middleware that goes first.
import { type BackendOptions, createConsumer } from './_consumer.ts';
import { type NodeRequest, REFUSAL_HEADERS, REFUSALS, receiveNodeRequest } from './_node-request.ts';
import { attachedPublicRequest } from './_public-url.ts';
import type { NodeResponse } from './node-http.ts';

export type { BackendOptions, PublicRequest } from './_consumer.ts';
export { type PublicUrl, publicRequestOf, publicUrl } from './_public-url.ts';
export { behindFront, virtualHosts } from './node-http.ts';

/** An Express request, as far as it is used. */
export interface ExpressRequest extends NodeRequest {
  baseUrl?: string;
  readonly app?: unknown;
}

/**
 * A middleware that sets the public address: `req.protocol`, `secure`, `hostname`, `host`, `originalUrl`, `baseUrl` and `url`.
 * Make it the first `app.use` of the outermost application: whatever stands before it (sessions, authentication, logs)
 * would see the form. `behindFront(app)` around the whole application does the same and cannot be misplaced.
 * Throws a RangeError or SyntaxError for options that make no sense.
 */
export function publicAddress(options: BackendOptions = {}) {
  const consume = createConsumer(options);
  return function publicAddressMiddleware(
    request: ExpressRequest,
    response: NodeResponse,
    next: (error?: unknown) => void,
  ): void {
    if (attachedPublicRequest(request) !== undefined) {
      next();
      return;
    }
    if (request.baseUrl) {
      next(new TypeError('publicAddress() must be used by the outermost application, without a path'));
      return;
    }
    const reception = receiveNodeRequest(consume, request);
    if (reception.kind === 'refused') {
      const { body } = REFUSALS[reception.status];
      response.writeHead(reception.status, { ...REFUSAL_HEADERS, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    } else if (reception.publicRequest.address.prefix !== '' && isListener(request.app)) {
      // The router noted the base of its URLs when it began, before there was a prefix: it has to begin again.
      request.app(request, response);
    } else {
      next();
    }
  };
}

function isListener(app: unknown): app is (request: ExpressRequest, response: NodeResponse) => void {
  return typeof app === 'function';
}
