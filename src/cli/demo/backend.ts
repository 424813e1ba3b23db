// The sample application behind the demonstration: a plain HTTP server that believes what the proxy tells it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { escapeHtml, printHtmlPage } from '../../util/html-page.ts';

/** Below this path is the tour, not the application. */
const WELCOME = '/welcome/';
const STYLE = 'body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem }';

/** A running sample application. */
export interface SampleBackend {
  /** Where it listens, as the URL of an endpoint. */
  readonly url: string;
  close(): void;
}

/**
 * Starts the application on a free port of the loopback interface. It answers every path:
 * a path without a slash at its end is redirected to the one with it, any other shows the public URL it was asked for,
 * computed from Host and X-Forwarded-*. Below `/welcome/` it shows the tour of the demonstration.
 */
export async function startSampleBackend(): Promise<SampleBackend> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => closeAll(server) };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function closeAll(server: Server): void {
  server.close();
  server.closeAllConnections();
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const base = publicBase(request);
  const [path = '/', query] = (request.url ?? '/').split(/\?(.*)/s, 2);
  if (path.startsWith(WELCOME)) {
    sendPage(request, response, path === WELCOME ? 200 : 404, path === WELCOME ? welcomePage(base) : missingPage());
    return;
  }
  const suffix = query === undefined ? '' : `?${query}`;
  if (!path.endsWith('/')) {
    // An absolute URL, as many applications build it: right because the proxy says what the public one is.
    response.writeHead(302, { Location: `${base}${path}/${suffix}` }).end();
    return;
  }
  sendPage(request, response, 200, urlPage(`${base}${path}${suffix}`));
}

function sendPage({ method }: IncomingMessage, response: ServerResponse, status: number, html: string): void {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': Buffer.byteLength(html) };
  response.writeHead(status, headers).end(method === 'HEAD' ? undefined : html);
}

/** Scheme, authority and prefix as the client sees them. */
function publicBase({ headers }: IncomingMessage): string {
  const scheme = headers['x-forwarded-proto'] ?? 'http';
  const prefix = headers['x-forwarded-prefix'] ?? '';
  return `${String(scheme)}://${headers.host ?? 'localhost'}${String(prefix)}`;
}

function urlPage(url: string): string {
  return page(
    url,
    `<h1>${escapeHtml(url)}</h1>\n<p>This is the URL of this page, as the application computed it.</p>
<ul>
<li><a href="child/">a page below this one</a></li>
<li><a href="child">the same without its slash</a>: the application redirects</li>
<li><a href="../">one up</a></li>
</ul>`,
  );
}

function welcomePage(base: string): string {
  const { host } = new URL(base);
  const curl = (name: string, path: string) =>
    `<li><code>curl -i -H 'Host: ${name}' ${escapeHtml(`${base}${path}`)}</code></li>`;
  return page(
    'Portico',
    `<h1>Portico runs</h1>
<p>Three sites answer here at ${escapeHtml(host)}; each request goes to the one that its Host header names.</p>
<ul>
<li>This page: the site <code>localhost, 127.0.0.1</code>. A name that has no site gets 404.</li>
<li><a href="/app/">/app/</a>: the sample application, mounted below a path of this site.</li>
<li><a href="/static/">/static/</a>: a folder of files.</li>
</ul>
<p>The other two have names of their own:</p>
<ul>
${curl('www.example.com', '/some/page/')}
${curl('www.example.com', '/some/page')}
${curl('www.example.org', '/static/hello.txt')}
${curl('www.example.org', '/anything/else/')}
</ul>`,
  );
}

function missingPage(): string {
  return page('Nothing here', '<h1>Nothing here</h1>\n<p><a href="/">The tour</a></p>');
}

function page(title: string, body: string): string {
  return printHtmlPage({ title, style: STYLE, body });
}
