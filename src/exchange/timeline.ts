// Named instants of one exchange, in monotonic milliseconds; 0 means "did not happen".

/** When things happened. Differences are the timing phases of the access log. */
export class Timeline {
  /** The first byte of the request head was read. */
  requestStart = 0;
  /** The request went to an upstream connection (the last attempt). */
  upstreamSent = 0;
  /** An upstream connection was ready: leased from the pool or newly opened. */
  upstreamReady = 0;
  /** The upstream's final response head was read. */
  upstreamHead = 0;
  /** The response head was written to the client. */
  responseHead = 0;
  /** The last byte was handed to the client's connection, or the exchange was given up. */
  end = 0;
}
