// Reads the bytes of a connection with Portico's own engine, and notes what it made of them.
import { createServer, type Socket } from 'node:net';
import { type Body, emptyBody } from '../../../src/exchange/body.ts';
import type { ProxyError } from '../../../src/exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../../../src/exchange/exchange.ts';
import type { Reply } from '../../../src/exchange/handler.ts';
import type { RequestHead } from '../../../src/exchange/head.ts';
import type { Carrier, ExchangeHost } from '../../../src/exchange/host.ts';
import type { Route } from '../../../src/exchange/route.ts';
import { InboundConnection } from '../../../src/h1/inbound-connection.ts';
import { DEFAULT_CONNECTION_LIMITS } from '../../../src/h1/limits.ts';
import { HeaderList } from '../../../src/http/header-list.ts';
import { Connection } from '../../../src/net/connection.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { Deadlines } from '../../../src/util/deadlines.ts';
import { NO_BODY, Reading } from './reading.ts';
import type { ReadingServer } from './reading-server.ts';

/** A server that accepts what the engine accepts, answers 204 to it, and notes everything. */
export function porticoSide(): ReadingServer {
  const deadlines = new Deadlines(systemClock);
  const readings: Reading[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const reading = new Reading();
    readings.push(reading);
    new InboundConnection(
      Connection.overEvents(socket, deadlines),
      factsOf(socket),
      new NotingHost(reading),
      DEFAULT_CONNECTION_LIMITS,
      () => {},
    );
  });
  return { server, takeReading: () => readings.shift() };
}

class NotingHost implements ExchangeHost {
  readonly isDraining = false;
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  open(connection: ConnectionFacts, request: RequestHead, body: Body, carrier: Carrier): Exchange {
    const client = {
      address: '',
      scheme: 'http',
      authority: request.authority,
      prefix: '',
      isForwarded: false,
    } as const;
    return new Exchange(connection, client, request, body, NO_ROUTE, carrier);
  }

  run({ request: { method, target, headers }, body }: Exchange, carrier: Carrier): void {
    const framing = body.isEmpty ? NO_BODY : body.length === undefined ? 'chunked' : `length ${body.length}`;
    const note = this.#reading.head(method, target.text, headers.length, framing);
    let byteCount = 0;
    body.sendTo({
      onDrained: undefined,
      write(chunk, release) {
        byteCount += chunk.length;
        release?.();
        return true;
      },
      end() {
        note.end(byteCount);
        carrier.respond(replyWith(204));
      },
      abort(error) {
        if (error.code !== 'request_truncated' && error.code !== 'client_gone') note.refused();
        carrier.respond(replyWith(error.status));
      },
    });
  }

  headSent(): void {}

  close(): void {}

  refuse(_connection: ConnectionFacts, error: ProxyError): Reply {
    this.#reading.fault(error.code === 'request_truncated' ? 'incomplete' : 'refused');
    return replyWith(error.status);
  }
}

const NO_ROUTE: Route = {
  mount: { site: '*', path: '/', source: undefined },
  handler: (_exchange, next) => next(),
  observers: [],
  keepsBarePath: false,
};

function replyWith(status: number): Reply {
  return { head: { status, reason: '', headers: new HeaderList() }, body: emptyBody };
}

function factsOf(socket: Socket): ConnectionFacts {
  return {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? '',
    localPort: socket.localPort ?? 0,
    protocol: 'http/1.1',
    isSecure: false,
    tls: undefined,
  };
}
