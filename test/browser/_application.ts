// A backend for pages that try everything, and a second server that stands for the rest of the web: both say who asked them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { Waiting } from '../kit/waiting.ts';

/** What an application answers; undefined for what fits the purpose of the request. */
export type Answer = (
  path: string,
  request: IncomingMessage,
) => { type: string; body: string; headers?: object } | undefined;

/** A running server. */
export interface Application {
  readonly port: number;
  /** `METHOD PATH?QUERY` of every request, sockets as `WS`. */
  readonly requests: readonly string[];
  readonly waiting: Waiting;
}

const PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
const ANSWERS: Readonly<Record<string, readonly [type: string, body: string]>> = {
  image: ['image/svg+xml', PIXEL],
  style: ['text/css', ''],
  script: ['text/javascript', ''],
  worker: ['text/javascript', ''],
  sharedworker: ['text/javascript', ''],
  serviceworker: ['text/javascript', ''],
  audioworklet: ['text/javascript', ''],
  document: ['text/html', '<!DOCTYPE html><title>x</title>'],
  iframe: ['text/html', '<!DOCTYPE html><title>x</title>'],
};

/** Starts a server on a port of its own. */
export async function startApplication(owner: Owner, answer: Answer): Promise<Application> {
  const requests: string[] = [];
  const waiting = new Waiting(() => requests.join('\n'));
  const note = (line: string) => {
    requests.push(line);
    waiting.changed();
  };
  const server = createServer((request, response) => {
    note(`${request.method} ${request.url}`);
    reply(request, response, answer);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (_, request) => note(`WS ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => stop(server, sockets));
  return { port: (server.address() as AddressInfo).port, requests, waiting };
}

function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const path = new URL(request.url ?? '/', 'http://x').pathname;
  const known = answer(path, request);
  const shared = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' };
  if (known !== undefined) {
    response.writeHead(200, { 'Content-Type': known.type, ...shared, ...known.headers }).end(known.body);
    return;
  }
  if (request.headers.accept === 'text/event-stream') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...shared }).write('data: 1\n\n');
    return;
  }
  const [type, body] = ANSWERS[String(request.headers['sec-fetch-dest'])] ?? ['text/plain', 'ok'];
  response.writeHead(200, { 'Content-Type': type, ...shared }).end(body);
}

function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
