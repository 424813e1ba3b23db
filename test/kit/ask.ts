// Asks a server one question over a fresh connection, target and header lines exactly as written, and reads the whole answer.
import { connect, type NetConnectOpts } from 'node:net';

/** One answer, as far as tests look at it. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; several lines joined by a newline. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that came, before any parsing. */
  readonly text: string;
}

/** What to ask besides the target. */
export interface Question {
  readonly method?: string;
  readonly version?: string;
  /** Header lines without line ends. Default: a Host of `127.0.0.1`. */
  readonly lines?: readonly string[];
  /** The address to come from. */
  readonly from?: string;
  readonly timeoutMs?: number;
}

/** Sends one request and resolves with the answer; rejects when none is complete in time. The connection ends with it. */
export async function ask(to: number | string, target: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', version = 'HTTP/1.1', lines = ['Host: 127.0.0.1'], timeoutMs = 10_000 } = question;
  const head = [`${method} ${target} ${version}`, ...lines, 'Connection: close', '', ''].join('\r\n');
  const text = await exchange(typeof to === 'number' ? tcp(to, question.from) : { path: to }, head, timeoutMs);
  return parseAnswer(text);
}

function tcp(port: number, localAddress: string | undefined): NetConnectOpts {
  return { host: '127.0.0.1', port, ...(localAddress === undefined ? {} : { localAddress }) };
}

function exchange(options: NetConnectOpts, head: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(options, () => socket.write(head, 'latin1'));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** Parses a response that the end of the connection ends; chunked bodies are put together. */
export function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no response head in ${JSON.stringify(text.slice(0, 200))}`);
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`;
  }
  const body = text.slice(end + 4);
  const isChunked = /\bchunked\b/i.test(headers['transfer-encoding'] ?? '');
  return { status: Number(statusLine.split(' ')[1]), headers, body: isChunked ? unchunk(body) : body, text };
}

function unchunk(body: string): string {
  let result = '';
  for (let index = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', index);
    const size = Number.parseInt(body.slice(index, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) return result;
    result += body.slice(lineEnd + 2, lineEnd + 2 + size);
    index = lineEnd + 2 + size + 2;
  }
}
