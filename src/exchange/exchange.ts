// Exchange: one request, its one final response, and what is known about both. Holds no configuration and no socket.
import type { Authority } from '../http/target.ts';
import type { Body } from './body.ts';
import type { ProxyError } from './errors.ts';
import type { OutboundRequest, RequestHead, ResponseHead } from './head.ts';
import type { OutboundProtocol } from './outbound.ts';
import type { Route } from './route.ts';
import { Timeline } from './timeline.ts';

/** What is known about the connection a request came on; one object per connection. */
export interface ConnectionFacts {
  /** IP address of the peer; empty for a unix socket. IPv4 inside IPv6 is written as IPv4. */
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly protocol: 'http/1.1' | 'h2';
  readonly isSecure: boolean;
  readonly tls: TlsFacts | undefined;
}

/** What a TLS handshake told about the client. */
export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  readonly serverName: string | undefined;
  /** The client certificate chain in DER, leaf first; empty without one. */
  readonly clientCertificates: readonly Buffer[];
  readonly isClientVerified: boolean;
  /**
   * By what client certificates were asked for and checked: the same text for sites with the same demands; undefined
   * where none were asked for.
   */
  readonly clientPolicy: string | undefined;
  /** Whether the certificate that the client was shown is valid for `host` (RFC 9525). */
  covers(host: string): boolean;
}

/** Who asks, after trusted proxies were believed (`trust:`). */
export interface ClientFacts {
  /** IP address of the client; empty where nobody knows. */
  readonly address: string;
  /** The scheme of the public URL. */
  readonly scheme: 'http' | 'https';
  /** Host and port of the public URL; undefined for an HTTP/1.0 request without Host. */
  readonly authority: Authority | undefined;
  /** What a trusted proxy in front cut off the path (X-Forwarded-Prefix), without a final slash; empty for nothing. */
  readonly prefix: string;
  /** Whether the peer was in the trust list, so that what it forwarded was believed. */
  readonly isForwarded: boolean;
}

/** A typed key of the exchange's bag: one per fact that features share. */
export class ExchangeKey<T> {
  readonly name: string;
  declare readonly type: T;

  constructor(name: string) {
    this.name = name;
  }
}

/** What the proxy feature tells the observers about the last attempt. */
export interface UpstreamRecord {
  upstream: string;
  endpoint: string;
  attempts: number;
  wasReused: boolean;
  /** What the endpoint was spoken to in; undefined while no connection was had. */
  protocol?: OutboundProtocol | undefined;
  status: number;
}

/** The engine's way to the client for informational responses. */
export interface InterimCarrier {
  sendInterim(head: ResponseHead): void;
}

/** Something under way that can be given up. */
export interface Cancellable {
  cancel(reason: ProxyError): void;
}

/** One request and its one final response. Made by `server/serve.ts` for both protocols. */
export class Exchange {
  readonly connection: ConnectionFacts;
  readonly client: ClientFacts;
  /** The request as it was received. Never changed. */
  readonly request: RequestHead;
  /** The request body, consumable once. */
  body: Body;
  readonly timeline = new Timeline();
  readonly route: Route;
  /** Set by the proxy feature as soon as it tries an endpoint. */
  upstream: UpstreamRecord | undefined = undefined;
  /** Bytes of the response body handed to the client so far. */
  bytesSent = 0;
  /** Bytes of the request body read so far. */
  bytesReceived = 0;
  /** What works on the answer just now, such as an attempt upstream: cancelled when the exchange is given up. */
  running: Cancellable | undefined = undefined;
  /** The failure that ended this exchange, if one did. */
  error: ProxyError | undefined = undefined;

  #outbound: OutboundRequest | undefined = undefined;
  #id: string | undefined = undefined;
  #aborted: ProxyError | undefined = undefined;
  #abortListeners: ((reason: ProxyError) => void)[] | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #bag: Map<ExchangeKey<unknown>, unknown> | undefined = undefined;
  readonly #carrier: InterimCarrier | undefined;
  #interimMap: ((head: ResponseHead) => ResponseHead) | undefined = undefined;

  constructor(
    connection: ConnectionFacts,
    client: ClientFacts,
    request: RequestHead,
    body: Body,
    route: Route,
    carrier?: InterimCarrier,
  ) {
    this.connection = connection;
    this.client = client;
    this.request = request;
    this.body = body;
    this.route = route;
    this.#carrier = carrier;
  }

  /** Unique among the processes of a host for its lifetime; made when first asked for. */
  get id(): string {
    this.#id ??= nextId();
    return this.#id;
  }

  /**
   * The request as it will go upstream: a copy of the received one, made when first asked for.
   * The proxy skips the copy while nobody asks, so a feature that changes nothing must not touch this.
   */
  get outbound(): OutboundRequest {
    this.#outbound ??= {
      method: this.request.method,
      target: this.request.target.text,
      headers: this.request.headers.toMutable(),
    };
    return this.#outbound;
  }

  /** Whether a feature asked for {@link outbound}, and so may have changed it. */
  get hasOutbound(): boolean {
    return this.#outbound !== undefined;
  }

  /** Why the exchange was given up (the client went, the server stops), or undefined while it lives. */
  get aborted(): ProxyError | undefined {
    return this.#aborted;
  }

  /** Calls `listener` once when the exchange is given up; at once if it already is. Returns how to take it back. */
  onAbort(listener: (reason: ProxyError) => void): () => void {
    if (this.#aborted !== undefined) {
      listener(this.#aborted);
      return () => {};
    }
    const listeners = (this.#abortListeners ??= []);
    listeners.push(listener);
    return () => {
      const index = listeners.indexOf(listener);
      if (index >= 0) listeners.splice(index, 1);
    };
  }

  /** Gives the exchange up. Only the connection that carries it calls this; later calls do nothing. */
  abort(reason: ProxyError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    const running = this.running;
    this.running = undefined;
    running?.cancel(reason);
    const listeners = this.#abortListeners;
    this.#abortListeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  /** {@link onAbort} as a web-standard signal, for plug-ins that call `fetch` and the like. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.onAbort((reason) => controller.abort(reason));
    }
    return this.#controller.signal;
  }

  /** Reads a feature's fact, or undefined. */
  get<T>(key: ExchangeKey<T>): T | undefined {
    return this.#bag?.get(key) as T | undefined;
  }

  /** Leaves a fact for other features and for observers. */
  set<T>(key: ExchangeKey<T>, value: T): void {
    (this.#bag ??= new Map()).set(key, value);
  }

  /**
   * Sends an informational response (1xx, not 101) to the client ahead of the final one (RFC 9110 §15.2).
   * Dropped where the client cannot take it (HTTP/1.0).
   */
  sendInterim(head: ResponseHead): void {
    this.#carrier?.sendInterim(this.#interimMap?.(head) ?? head);
  }

  /** Lets a feature change informational responses on their way to the client, as it changes the final one. */
  mapInterim(map: (head: ResponseHead) => ResponseHead): void {
    const outer = this.#interimMap;
    this.#interimMap = outer === undefined ? map : (head) => outer(map(head));
  }
}

let idCounter = 0;
const idPrefix = `${process.pid.toString(36)}${Math.floor(performance.timeOrigin).toString(36)}`;

function nextId(): string {
  idCounter++;
  return `${idPrefix}-${idCounter.toString(36)}`;
}
