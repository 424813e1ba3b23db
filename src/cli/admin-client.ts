// The client of the admin socket: asks the running program, and explains why it cannot be asked.
import { request } from 'node:http';
import { RunError } from './command.ts';

/** What the program answered. */
export interface AdminReply {
  readonly status: number;
  /** Parsed JSON; the text itself where it is none. */
  readonly body: unknown;
}

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_LIMIT = 16 * 1024 * 1024;

/** Sends one order, such as `POST /reload`. Rejects with {@link RunError} if nobody answers in time. */
export function askAdmin(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs = TIMEOUT_MS,
): Promise<AdminReply> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => reject(new RunError(describeFailure(socketPath, error, timeoutMs)));
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request({ socketPath, method, path, signal, headers: { Host: 'admin' } }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_LIMIT) incoming.destroy(new Error('the answer is too long'));
        chunks.push(chunk);
      });
      incoming.on('error', refuse);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: parseBody(Buffer.concat(chunks)) }));
    });
    outgoing.on('error', refuse);
    outgoing.end();
  });
}

function parseBody(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeFailure(socketPath: string, error: unknown, timeoutMs: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return `nothing runs with this configuration (no answer at ${socketPath})`;
  if (code === 'EACCES') return `not allowed to use ${socketPath}: only the user who runs portico may`;
  if (code === 'ABORT_ERR') return `no answer at ${socketPath} within ${timeoutMs / 1000} seconds`;
  return `cannot ask ${socketPath}: ${error instanceof Error ? error.message : String(error)}`;
}
