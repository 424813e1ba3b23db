// A helper process: opens TLS connections for some seconds, one request each, and prints how many there were.
import { connect } from 'node:tls';

const [port = 0, seconds = 0] = process.argv.slice(2, 4).map(Number);
const resumes = process.argv[4] === 'resumed';
const LANES = 16;
const REQUEST = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';

let count = 0;
const endMs = performance.now() + seconds * 1000;
try {
  await Promise.all(Array.from({ length: LANES }, runLane));
  console.log(`${count} connections`);
} catch (error) {
  console.log(`failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function runLane(): Promise<void> {
  // The first connection of a lane gives it a session; it counts like the others.
  let session: Buffer | undefined;
  while (performance.now() < endMs) {
    const given = await askOnce(session);
    if (resumes) session = given;
    count++;
  }
}

/** Resolves with the session that the server gave. Rejects where one was shown and not resumed. */
function askOnce(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1.3' } as const;
    const socket = connect(session === undefined ? options : { ...options, session });
    let given: Buffer | undefined;
    let isFirst = true;
    socket.on('session', (ticket: Buffer) => {
      given = ticket;
    });
    socket.on('secureConnect', () => {
      if (session !== undefined && !socket.isSessionReused()) reject(new Error('a session was not resumed'));
      socket.write(REQUEST);
    });
    socket.on('data', (chunk) => {
      if (isFirst && !chunk.toString('latin1').startsWith('HTTP/1.1 200')) reject(new Error(chunk.toString('latin1')));
      isFirst = false;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(given));
  });
}
