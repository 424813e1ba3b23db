// Chromium in front of a real Portico: pages over HTTP/2, and WebSockets over HTTP/1.1 and HTTP/2 (RFC 8441).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { skipUnless } from '../kit/debian.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { answering, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { openPage, startChromium } from './_chromium.ts';
import {
  MESSAGE_BYTES,
  NEEDS_PROC,
  peakBytes,
  type SocketBackend,
  sendMany,
  startSocketBackend,
  within,
} from './_websockets.ts';

const LIMIT = { timeout: 300_000 };
const LARGE_BYTES = 100 * MESSAGE_BYTES;
const MEMORY_BYTES = 100 * MESSAGE_BYTES;
const LARGE_LIMIT_MS = 240_000;

const WAYS = ['HTTP/1.1', 'HTTP/2'] as const;

describe('Chromium', { skip: skipUnless('chromium') }, () => {
  let sockets: SocketBackend;
  let pages: ScriptedUpstream;
  let portico: Portico;
  let browser: Browser;
  let lastId = 0;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    sockets = await startSocketBackend(owner);
    pages = await startUpstream(
      owner,
      answering(({ target }) =>
        okResponse(target.startsWith('/part') ? `part ${target}` : '<!doctype html><title>page</title><p>ready</p>', [
          'Content-Type: text/html',
        ]),
      ),
    );
    const folder = tempFolder(owner);
    const authority = await TestAuthority.create();
    const tls = saveCertificate(folder, 'proxy', await authority.issue({ names: ['127.0.0.1', 'localhost'] }));
    portico = await startPortico(owner, {
      listeners: 2,
      config: {
        listen: ['http://127.0.0.1:0', 'https://127.0.0.1:0'],
        tls,
        log: { level: 'error' },
        sites: { '*': { '/': pages.origin, '/socket/': sockets.origin, https: 'optional' } },
      },
    });
    browser = await startChromium(owner);
  }, LIMIT);

  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  test('a page and fifty parts of it over one HTTP/2 connection', LIMIT, async () => {
    const page = await openPage(browser, `${portico.origins[1]}/`);
    const texts = await page.evaluate(
      async () =>
        await Promise.all(Array.from({ length: 50 }, async (_, index) => (await fetch(`/part/${index}`)).text())),
    );
    assert.deepEqual(
      texts,
      texts.map((_, index) => `part /part/${index}`),
    );
    const protocols = await page.evaluate(() =>
      performance.getEntries().map((entry) => (entry as { nextHopProtocol?: string }).nextHopProtocol),
    );
    const known = protocols.filter((protocol) => protocol !== undefined && protocol !== '');
    assert.ok(known.length >= 50);
    assert.deepEqual([...new Set(known)], ['h2']);
    await page.context().close();
  });

  test('an upload of 8 MB over HTTP/2 arrives', LIMIT, async () => {
    const page = await openPage(browser, `${portico.origins[1]}/`);
    const status = await page.evaluate(
      async () => (await fetch('/part/up', { method: 'POST', body: new Uint8Array(8 * 1024 * 1024) })).status,
    );
    assert.equal(status, 200);
    assert.equal(pages.requests.findLast(({ target }) => target === '/part/up')?.body.length, 8 * MESSAGE_BYTES);
    await page.context().close();
  });

  for (const way of WAYS) {
    /** A page, and the URL of a WebSocket from it; over HTTP/2 it goes onto the connection of the page. */
    const open = async (path: string): Promise<{ page: Page; url: string; id: string }> => {
      const origin = portico.origins[way === 'HTTP/2' ? 1 : 0] ?? '';
      const id = `chromium-${++lastId}`;
      return {
        page: await openPage(browser, `${origin}/`),
        id,
        url: `${origin.replace('http', 'ws')}/socket/${path}?id=${id}`,
      };
    };

    test(`WebSocket over ${way}: text, bytes, subprotocol and close code`, LIMIT, async () => {
      const { page, url, id } = await open('echo');
      const talk = page.evaluate(talkInPage, url);
      const { via, closed } = await sockets.socket(id);
      assert.match(via, way === 'HTTP/2' ? /^2\.0 / : /^1\.1 /);
      assert.deepEqual(await talk, {
        protocol: 'chat',
        extensions: 'permessage-deflate',
        text: 'grüß dich',
        size: 300_000,
        sum: 37494610,
        code: 4001,
        reason: 'we are done',
      });
      // Chromium says nothing more on a stream behind the end of the other half: the backend must not wait for it.
      assert.deepEqual(await within('close', closed), { code: 4001, reason: 'we are done' });
      await page.context().close();
    });

    test(`WebSocket over ${way}: fragments, pings and close codes of the backend`, LIMIT, async () => {
      const { page, url, id } = await open('idle');
      const heard = page.evaluate(listenInPage, url);
      const { socket, closed } = await sockets.socket(id);
      const pong = new Promise((resolve) => socket.once('pong', (data) => resolve(String(data))));
      socket.ping('are you there');
      assert.equal(await within('pong', pong), 'are you there');
      for (const [index, piece] of ['one ', 'two ', 'three'].entries())
        socket.send(piece, { fin: index === 2, compress: false });
      socket.close(4002, 'they are done');
      assert.deepEqual(await heard, { texts: ['one two three'], code: 4002, reason: 'they are done', wasClean: true });
      await within('close', closed);
      await page.context().close();
    });

    test(`WebSocket over ${way}: a side that vanishes takes the other with it`, LIMIT, async () => {
      const { page, url, id } = await open('idle');
      const heard = page.evaluate(listenInPage, url);
      (await sockets.socket(id)).socket.terminate();
      const { code, wasClean } = await heard;
      assert.deepEqual([code, wasClean], [1006, false]);
      const other = `${url}-gone`;
      await page.evaluate((address) => {
        new WebSocket(address);
      }, other);
      const { closed } = await sockets.socket(`${id}-gone`);
      await page.context().close();
      assert.ok([1001, 1005, 1006].includes((await within('close', closed)).code));
    });

    test(`WebSocket over ${way}: 100 MB each way in bounded memory`, { ...LIMIT, skip: NEEDS_PROC }, async (t) => {
      const peakBefore = peakBytes(portico.process.pid);
      const { page, url } = await open('sink');
      const counted = await within('upload', page.evaluate(uploadInPage, { url, bytes: LARGE_BYTES }), LARGE_LIMIT_MS);
      assert.equal(counted, LARGE_BYTES);
      const { page: second, url: down, id } = await open('idle');
      const received = second.evaluate(downloadInPage, { url: down, bytes: LARGE_BYTES });
      const { socket } = await sockets.socket(id);
      await within('sending', sendMany(socket, LARGE_BYTES), LARGE_LIMIT_MS);
      assert.equal(await within('download', received, LARGE_LIMIT_MS), LARGE_BYTES);
      const grown = peakBytes(portico.process.pid) - peakBefore;
      t.diagnostic(`${way}: the peak grew by ${Math.round(grown / MESSAGE_BYTES)} MB`);
      assert.ok(grown < MEMORY_BYTES, `the peak grew by ${grown} bytes`);
      await page.context().close();
      await second.context().close();
    });
  }
});

/** In the page: a text, then 300 000 bytes, then the end. */
function talkInPage(address: string): Promise<object> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, ['other', 'chat']);
    const seen: Record<string, unknown> = {};
    socket.binaryType = 'arraybuffer';
    socket.onerror = () => reject(new Error('an error'));
    socket.onopen = () => {
      seen['protocol'] = socket.protocol;
      seen['extensions'] = socket.extensions;
      socket.send('grüß dich');
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        seen['text'] = data;
        socket.send(new Uint8Array(300_000).map((_, index) => index % 251));
        return;
      }
      const bytes = new Uint8Array(data as ArrayBuffer);
      seen['size'] = bytes.length;
      seen['sum'] = bytes.reduce((sum, byte) => sum + byte, 0);
      socket.close(4001, 'we are done');
    };
    socket.onclose = ({ code, reason }) => resolve({ ...seen, code, reason });
  });
}

/** In the page: what is heard until the end. */
function listenInPage(address: string): Promise<{ texts: string[]; code: number; reason: string; wasClean: boolean }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    const texts: string[] = [];
    socket.onmessage = ({ data }) => texts.push(String(data));
    socket.onclose = ({ code, reason, wasClean }) => resolve({ texts, code, reason, wasClean });
  });
}

/** In the page: megabytes, as fast as they leave; answers what the backend counted. */
function uploadInPage({ url, bytes }: { url: string; bytes: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const message = crypto.getRandomValues(new Uint8Array(65_536));
    let sent = 0;
    const pump = () => {
      while (sent < bytes && socket.bufferedAmount < 4_000_000) {
        socket.send(message);
        sent += message.length;
      }
      if (sent < bytes) setTimeout(pump, 1);
    };
    socket.onopen = pump;
    socket.onerror = () => reject(new Error('an error'));
    socket.onmessage = ({ data }) => {
      if (Number(data) === bytes) {
        socket.close();
        resolve(bytes);
      }
    };
  });
}

/** In the page: counts what comes. */
function downloadInPage({ url, bytes }: { url: string; bytes: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let size = 0;
    socket.binaryType = 'arraybuffer';
    socket.onerror = () => reject(new Error('an error'));
    socket.onmessage = ({ data }) => {
      size += (data as ArrayBuffer).byteLength;
      if (size < bytes) return;
      socket.close();
      resolve(size);
    };
  });
}
