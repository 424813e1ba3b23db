// The rescue route with a real browser: it tells where its requests come from, and follows each into the mount.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { startChromium } from '../kit/chromium.ts';
import { skipUnless } from '../kit/debian.ts';
import { startInProcess } from '../kit/in-process.ts';

const OPTIONS = { timeout: 300_000, skip: skipUnless('chromium') };
const PAGE = `<!doctype html><title>t</title><body><script>
(async () => {
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = ['', 'style.css'].join('/');
  const loaded = new Promise((done) => { style.onload = done; style.onerror = done; });
  document.head.append(style);
  await loaded;
  const answers = [getComputedStyle(document.body).color];
  answers.push(await (await fetch(['', 'get?a=b'].join('/'))).text());
  answers.push(await (await fetch(['', 'post'].join('/'), { method: 'POST', body: 'sent' })).text());
  answers.push((await import(['', 'module.js'].join('/'))).name);
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  answers.push(await new Promise((done) => { socket.onmessage = (event) => done(event.data); socket.onerror = () => done('no socket'); }));
  document.title = JSON.stringify(answers);
})();
</script>`;

/** An application that thinks it is at the root, and forbids every Referer. */
async function startApplication(owner: Owner): Promise<string> {
  const server = createServer(async (request, response) => {
    response.setHeader('Referrer-Policy', 'no-referrer');
    const answers: Readonly<Record<string, readonly [type: string, body: string]>> = {
      'GET /': ['text/html', PAGE],
      'GET /style.css': ['text/css', '@import "deep.css";'],
      'GET /deep.css': ['text/css', 'body { color: rgb(1, 2, 3) }'],
      'GET /get?a=b': ['text/plain', 'got'],
      'POST /post': ['text/plain', `posted ${await textOf(request)}`],
      'GET /module.js': ['text/javascript', 'export const name = "module";'],
    };
    const [type, body] = answers[`${request.method} ${request.url}`] ?? ['text/plain', ''];
    response.writeHead(body === '' ? 404 : 200, { 'Content-Type': type }).end(body);
  });
  new WebSocketServer({ server, path: '/socket' }).on('connection', (socket: WebSocket) => socket.send('socket'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => end(server));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}

test('what a page without shim asks for at the root of its origin comes from its application', OPTIONS, async (t) => {
  const proxy = await startApplication(t);
  const sites = { '*': { '/app/': { proxy, rewrite: { shim: 'off' } } } };
  const { server, port } = await startInProcess(t, { listen: '127.0.0.1:0', admin: false, sites });
  const browser = await startChromium(t);
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port()}/app/`, { timeout: 120_000 });
  await page.waitForFunction("document.title !== 't'", undefined, { timeout: 120_000 });
  assert.deepEqual(JSON.parse(await page.title()), ['rgb(1, 2, 3)', 'got', 'posted sent', 'module', 'socket']);
  const paths =
    server.rewriting()[0]?.rescues.map(({ method, path, referrer }) => `${method} ${path} ${referrer}`) ?? [];
  for (const wanted of [
    'GET /style.css /app/',
    'GET /get /app/',
    'POST /post /app/',
    'GET /module.js /app/',
    'GET /socket ',
  ])
    assert.ok(paths.includes(wanted), `${wanted}: ${paths.join(', ')}`);
});
