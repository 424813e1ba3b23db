// A helper process: opens many connections, asks once on each, and holds them open until it is ended.
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const AT_A_TIME = 50;

try {
  await openAll(port ?? 0, count ?? 0);
  console.log('holding');
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(`failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

async function openAll(toPort: number, wanted: number): Promise<void> {
  let opened = 0;
  const openSome = async () => {
    while (opened < wanted) {
      opened++;
      await openOne(toPort);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
}

/** Resolves when the answer is there; the connection stays. If it ends later, the measurement is worth nothing. */
function openOne(toPort: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: toPort, host: '127.0.0.1' });
    let size = 0;
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n'));
    socket.on('data', (chunk) => {
      if (size === 0 && !chunk.toString('latin1').startsWith('HTTP/1.1 200')) reject(new Error(String(chunk)));
      size += chunk.length;
      if (size > 1024) resolve();
    });
    const lost = () => {
      reject(new Error('a connection was closed'));
      if (size > 1024) process.exit(1);
    };
    socket.on('error', lost);
    socket.on('end', lost);
  });
}
