// Reads the bytes of a connection with node:http, whose parser is llhttp, and notes what it made of them.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type BodyNote, NO_BODY, Reading } from './reading.ts';
import type { ReadingServer } from './reading-server.ts';

/** As strict as Node is by default, with a limit on heads as large as ours, so that limits do not hide grammar. */
const OPTIONS = { insecureHTTPParser: false, maxHeaderSize: 64 * 1024 };

interface Notes {
  readonly reading: Reading;
  body: BodyNote | undefined;
}

/** A server that accepts what node:http accepts, answers 204 to it, and notes everything. */
export function nodeSide(): ReadingServer {
  const readings: Reading[] = [];
  const notesOf = new WeakMap<Duplex, Notes>();
  const server = createServer(OPTIONS, (request, response) => note(notesOf.get(request.socket), request, response));
  server.on('connection', (socket) => {
    const reading = new Reading();
    readings.push(reading);
    notesOf.set(socket, { reading, body: undefined });
  });
  server.on('connect', (request, socket) => {
    notesOf.get(socket)?.reading.head('CONNECT', request.url ?? '', headerCount(request), NO_BODY);
    socket.end();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const notes = notesOf.get(socket);
    const isIncomplete = error.code === 'HPE_INVALID_EOF_STATE';
    if (notes?.body?.isOver === false) {
      if (!isIncomplete) notes.body.refused();
    } else notes?.reading.fault(isIncomplete ? 'incomplete' : 'refused');
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return { server, takeReading: () => readings.shift() };
}

function note(notes: Notes | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (notes === undefined) return;
  const framing = framingOf(request);
  const body = notes.reading.head(request.method ?? '', request.url ?? '', headerCount(request), framing);
  notes.body = body;
  let byteCount = 0;
  request.on('data', (chunk: Buffer) => {
    byteCount += chunk.length;
  });
  request.on('error', () => {});
  request.on('end', () => {
    body.end(byteCount);
    response.writeHead(204).end();
  });
}

/** RFC 9112 §6.3, in the order node:http follows. */
function framingOf(request: IncomingMessage): string {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked';
  const length = request.headers['content-length'];
  return length === undefined || Number(length) === 0 ? NO_BODY : `length ${Number(length)}`;
}

function headerCount(request: IncomingMessage): number {
  return request.rawHeaders.length / 2;
}
