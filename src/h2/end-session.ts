// Ends a session of node:http2 at once, with the code that the peer is to be told.
import type { Http2Session } from 'node:http2';

/**
 * GOAWAY with `code`, and the end. Exception: null for the error, which the types do not know: without one node:http2
 * forgets the code, and with an Error streams that nobody has seen yet throw it.
 */
export function endSession(session: Http2Session, code: number): void {
  session.destroy(null as never, code);
}
