// The URLs that a page may print of itself: always the public ones, with the path's own encoding and the whole query.
import { printOrigin } from '../vhost-path/public-address.ts';
import type { PublicRequest } from './_consumer.ts';

/** What {@link PublicUrl.child} and {@link PublicUrl.sibling} do besides. */
export interface StepOptions {
  /** Whether the query goes along. Default false. */
  readonly keepQuery?: boolean;
}

/** The URL of one request as the browser sees it, and its surroundings. All are absolute. */
export class PublicUrl {
  /** `https://www.example.com`, without a slash at the end. */
  readonly origin: string;
  /** Where the application starts, with a slash at the end. */
  readonly root: string;
  /** The path as the browser sent it, prefix included; `/` for OPTIONS *. */
  readonly path: string;
  /** The query with its `?`, everything behind the first one; empty without. */
  readonly search: string;

  constructor({ address, target }: PublicRequest) {
    const text = target === '*' ? '/' : escapeOctets(target);
    const query = text.indexOf('?');
    this.origin = printOrigin(address);
    this.root = `${this.origin}${address.prefix}/`;
    this.path = query < 0 ? text : text.slice(0, query);
    this.search = query < 0 ? '' : text.slice(query);
  }

  /** This URL without its query. */
  get here(): string {
    return this.origin + this.path;
  }

  /** This URL with its query. */
  get hereWithQuery(): string {
    return this.here + this.search;
  }

  /** This URL with a slash at the end of its path, and its query: where a folder asked for without one redirects to. */
  get withSlash(): string {
    return this.here + (this.path.endsWith('/') ? '' : '/') + this.search;
  }

  /** The URL one segment further down; below `/a` and below `/a/` alike it is `/a/name`. */
  child(name: string, options: StepOptions = {}): string {
    return this.#step(this.path.endsWith('/') ? this.path : `${this.path}/`, name, options);
  }

  /** The URL with its last segment replaced: next to `/a/b` it is `/a/name`, next to `/a/b/` it is `/a/b/name`. */
  sibling(name: string, options: StepOptions = {}): string {
    return this.#step(this.path.slice(0, this.path.lastIndexOf('/') + 1), name, options);
  }

  toString(): string {
    return this.hereWithQuery;
  }

  #step(folder: string, name: string, { keepQuery = false }: StepOptions): string {
    return this.origin + folder + encodeSegment(name) + (keepQuery ? this.search : '');
  }
}

/**
 * One path segment out of any text: what may stand in a segment stays, the rest is percent-encoded (RFC 3986 §3.3).
 * Throws a RangeError for `.` and `..`, which browsers resolve in every encoding, and a URIError for half a surrogate pair.
 */
function encodeSegment(name: string): string {
  if (name === '.' || name === '..') throw new RangeError(`Cannot make a path segment of "${name}"`);
  return encodeURIComponent(name).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
}

/** Octets that servers let through though no URL has a place for them; they arrive as latin1. */
function escapeOctets(target: string): string {
  return target.replace(/[^\x21-\x7e]|["#<>\\^`{|}]/g, (octet) => {
    const hex = octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return `%${hex}`;
  });
}

const RECORD = Symbol.for('portico.publicRequest');

/** Leaves the decision about a request with the request; a symbol that all copies of this library share. */
export function attachPublicRequest(request: object, publicRequest: PublicRequest): void {
  Object.defineProperty(request, RECORD, { value: publicRequest, configurable: true, enumerable: false });
}

/** The decision about a request, or undefined if it has not been through a consumer. */
export function attachedPublicRequest(request: object): PublicRequest | undefined {
  return (request as { readonly [RECORD]?: PublicRequest })[RECORD];
}

/** A request of any of the supported frameworks, or what they wrap one in. */
export type AnyRequest = object & { readonly raw?: unknown; readonly req?: unknown };

/**
 * What the public sees of a request: of node:http, Express and Fastify the request, of Koa and Hono the context.
 * Throws a TypeError if the request did not pass this library first: then nobody knows.
 */
export function publicRequestOf(request: AnyRequest): PublicRequest {
  const inner = request.req;
  for (const candidate of [request, request.raw, inner, isObject(inner) ? inner.raw : undefined]) {
    const found = isObject(candidate) ? attachedPublicRequest(candidate) : undefined;
    if (found !== undefined) return found;
  }
  throw new TypeError('Cannot tell the public URL: the request did not come through portico/backend first');
}

/** The public URL of a request, of the kinds that {@link publicRequestOf} takes. */
export function publicUrl(request: AnyRequest): PublicUrl {
  return new PublicUrl(publicRequestOf(request));
}

function isObject(value: unknown): value is AnyRequest {
  return typeof value === 'object' && value !== null;
}
