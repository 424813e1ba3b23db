// A lean load on loopback: many requests over kept or new connections, each answer checked, bounded in count.
import { connect, type Socket } from 'node:net';

/** What to ask, and how. */
export interface LoadOptions {
  readonly port: number;
  /** Requests in all. */
  readonly requests: number;
  /** Connections at one time. */
  readonly connections: number;
  /** Whether a connection carries many requests, or one each. */
  readonly isKept: boolean;
  readonly target?: string;
  /** The body every answer must have, byte by byte. */
  readonly expected: string;
  /** Default: `test.example`. */
  readonly host?: string;
  /** How a connection is opened. Default: in cleartext. */
  readonly open?: (port: number) => Socket;
  /** Ends the load before all requests are made; `answered` is how many have been. */
  readonly isEnough?: (answered: number) => boolean;
}

/** What came of it. */
export interface LoadResult {
  answered: number;
  /** What went wrong, by description. Empty when every request was answered right. */
  readonly failures: Map<string, number>;
}

/**
 * Runs the load to its end. A kept connection that the server ends between two answers (it said `Connection: close`, or
 * nothing was under way) is opened anew and is no failure; a request without its answer is one.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = { answered: 0, failures: new Map() };
  const state = { left: options.requests };
  await Promise.all(Array.from({ length: options.connections }, () => runLane(options, result, state)));
  return result;
}

async function runLane(options: LoadOptions, result: LoadResult, state: { left: number }): Promise<void> {
  while (state.left > 0 && options.isEnough?.(result.answered) !== true) await runConnection(options, result, state);
}

/** One connection: as many requests as it carries. */
function runConnection(options: LoadOptions, result: LoadResult, state: { left: number }): Promise<void> {
  const { isKept, target = '/', expected, host = 'test.example', open = openCleartext } = options;
  const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${isKept ? '' : 'Connection: close\r\n'}\r\n`;
  const fail = (what: string) => result.failures.set(what, (result.failures.get(what) ?? 0) + 1);
  return new Promise((resolve) => {
    let received = '';
    let isWaiting = false;
    const socket = open(options.port);
    const next = () => {
      if (state.left <= 0 || options.isEnough?.(result.answered) === true) {
        socket.destroy();
        return;
      }
      state.left--;
      isWaiting = true;
      received = '';
      socket.write(request);
    };
    socket.on('encrypted' in socket ? 'secureConnect' : 'connect', next);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const end = endOfAnswer(received);
      if (end < 0) return;
      isWaiting = false;
      const head = received.slice(0, received.indexOf('\r\n\r\n'));
      if (!head.startsWith('HTTP/1.1 200')) fail(head.slice(0, 60));
      else if (received.slice(head.length + 4, end) !== expected) fail('another body');
      else result.answered++;
      if (!isKept || /^connection: close/im.test(head)) socket.destroy();
      else next();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isWaiting || socket.connecting || 'encrypted' in socket || error.code === 'ECONNREFUSED')
        fail(`${error.code} ${received === '' ? 'before' : 'within'} the answer`);
      isWaiting = false;
    });
    socket.on('close', () => {
      if (isWaiting) fail(received === '' ? 'closed before the answer' : 'closed within the answer');
      resolve();
    });
  });
}

function openCleartext(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true });
}

/** The index behind an answer with Content-Length, or -1 while it is not whole. */
function endOfAnswer(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return -1;
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? 0);
  return text.length >= headEnd + 4 + length ? headEnd + 4 + length : -1;
}
