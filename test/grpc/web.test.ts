// gRPC-Web end to end: a browser's requests in raw bytes, over HTTP/1.1 and HTTP/2, to a server of grpc-js.
import assert from 'node:assert/strict';
import { request as askHttp1 } from 'node:http';
import { test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { connectHttp2 } from '../h2/_serve.ts';
import type { Owner } from '../kit/at-end.ts';
import { Gate } from '../kit/gate.ts';
import { startInProcess } from '../kit/in-process.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { Waiting } from '../kit/waiting.ts';
import { type EchoMethods, startEcho } from './_echo.ts';

const LIMIT = { timeout: 120_000 };

/** An answer as it arrives. */
class Answer {
  status = 0;
  headers: Record<string, string | string[] | undefined> = {};
  readonly chunks: Buffer[] = [];
  isEnded = false;
  readonly #waiting = new Waiting(() => `${this.status}, ${this.bytes.length} bytes: ${this.bytes.toString('latin1')}`);

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  changed(): void {
    this.#waiting.changed();
  }

  until(what: string, isThere: () => boolean): Promise<void> {
    return this.#waiting.until(what, isThere);
  }

  async whole(): Promise<this> {
    await this.until('the end', () => this.isEnded);
    return this;
  }
}

interface Call {
  readonly path: string;
  readonly isText: boolean;
  readonly message: Buffer;
}

type Ask = (owner: Owner, port: number, call: Call) => Answer;

function headersOf({ isText }: Call): Record<string, string> {
  const contentType = `application/grpc-web${isText ? '-text' : ''}+proto`;
  return { 'content-type': contentType, accept: contentType, 'x-grpc-web': '1', origin: 'http://page.test' };
}

function bodyOf({ isText, message }: Call): Buffer {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, 5);
  return isText ? Buffer.from(framed.toString('base64')) : framed;
}

const ASKS: Readonly<Record<string, Ask>> = {
  'HTTP/1.1': (owner, port, call) => {
    const answer = new Answer();
    const request = askHttp1({ port, host: '127.0.0.1', method: 'POST', path: call.path, headers: headersOf(call) });
    request.on('response', (response) => {
      Object.assign(answer, { status: response.statusCode, headers: response.headers });
      collect(answer, response);
    });
    request.end(bodyOf(call));
    owner.after(async () => void request.destroy());
    return answer;
  },
  'HTTP/2': (owner, port, call) => {
    const answer = new Answer();
    const stream = connectHttp2(owner, port).request({ ':method': 'POST', ':path': call.path, ...headersOf(call) });
    stream.on('error', () => {});
    stream.on('response', (headers) => {
      Object.assign(answer, { status: headers[':status'], headers });
    });
    collect(answer, stream);
    stream.end(bodyOf(call));
    return answer;
  },
};

function collect(answer: Answer, source: NodeJS.ReadableStream): void {
  source.on('data', (chunk: Buffer) => {
    answer.chunks.push(chunk);
    answer.changed();
  });
  source.on('end', () => {
    answer.isEnded = true;
    answer.changed();
  });
}

async function start(owner: Owner, methods: EchoMethods): Promise<number> {
  const { port } = await startEcho(owner, methods);
  return startProxy(owner, port);
}

async function startProxy(owner: Owner, to: number): Promise<number> {
  const mount = { proxy: `h2c://127.0.0.1:${to}`, grpcWeb: true, log: 'off' };
  return (await startInProcess(owner, { listen: 'http://127.0.0.1:0', admin: false, sites: { '*': mount } })).port();
}

/** The frames of an answer: messages, and the lines of the trailers. */
function readFrames(bytes: Buffer, isText: boolean): { messages: Buffer[]; trailers: string[] } {
  const groups = bytes.toString('latin1').match(/.{4}/gs) ?? [];
  let rest = isText ? Buffer.concat(groups.map((group) => Buffer.from(group, 'base64'))) : bytes;
  const messages: Buffer[] = [];
  const trailers: string[] = [];
  while (rest.length >= 5) {
    const end = 5 + rest.readUInt32BE(1);
    const content = rest.subarray(5, end);
    if (rest[0] === 0x80) trailers.push(...content.toString('latin1').trimEnd().split('\r\n'));
    else messages.push(content);
    rest = rest.subarray(end);
  }
  assert.equal(rest.length, 0);
  return { messages, trailers };
}

/** `payload: "hi"` and `count: 3` of echo.proto, by hand. */
const HI = Buffer.from([0x0a, 2, 0x68, 0x69, 0x10, 3]);

for (const [version, ask] of Object.entries(ASKS)) {
  for (const isText of [false, true]) {
    const kind = `${isText ? 'base64' : 'bytes'} over ${version}`;

    test(`one message there, one back: ${kind}`, LIMIT, async (t) => {
      const port = await start(t, {
        one: (call, done) => {
          const trailers = new Metadata();
          trailers.set('x-after', String(call.metadata.get('origin')));
          done(null, call.request, trailers);
        },
      });
      const answer = await ask(t, port, { path: '/test.Echo/One', isText, message: HI }).whole();
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], `application/grpc-web${isText ? '-text' : ''}+proto`);
      const { messages, trailers } = readFrames(answer.bytes, isText);
      assert.deepEqual(messages, [HI]);
      assert.deepEqual(trailers.sort(), ['grpc-message: OK', 'grpc-status: 0', 'x-after: http://page.test']);
    });

    test(`a stream back, each message before the next: ${kind}`, LIMIT, async (t) => {
      const go = [new Gate(), new Gate()];
      const port = await start(t, {
        down: (call) => {
          call.write(call.request);
          void go[0]?.passed.then(() => call.write({ count: 4 }));
          void go[1]?.passed.then(() => call.end());
        },
      });
      const answer = ask(t, port, { path: '/test.Echo/Down', isText, message: HI });
      for (const [index, count] of [1, 2].entries()) {
        await answer.until('a message', () => readFrames(answer.bytes, isText).messages.length === count);
        go[index]?.open();
      }
      const { messages, trailers } = readFrames((await answer.whole()).bytes, isText);
      assert.deepEqual(messages, [HI, Buffer.from([0x10, 4])]);
      assert.ok(trailers.includes('grpc-status: 0'));
    });

    test(`failures are a status of gRPC: ${kind}`, LIMIT, async (t) => {
      const port = await start(t, { one: (_call, done) => done({ code: status.NOT_FOUND, details: 'no' }) });
      const failed = await ask(t, port, { path: '/test.Echo/One', isText, message: HI }).whole();
      assert.deepEqual([failed.status, failed.headers['grpc-status'], failed.bytes.length], [200, '5', 0]);
      const nobody = await startProxy(t, await closedPort());
      const refused = await ask(t, nobody, { path: '/test.Echo/One', isText, message: HI }).whole();
      assert.deepEqual([refused.status, refused.headers['grpc-status']], [200, '14']);
      assert.match(String(refused.headers['grpc-message']), /connection_refused/);
      assert.equal(refused.headers['content-type'], `application/grpc-web${isText ? '-text' : ''}+proto`);
    });
  }
}

test('5 MB in base64 there and back', LIMIT, async (t) => {
  const port = await start(t, { one: (call, done) => done(null, call.request) });
  const payload = Buffer.alloc(4 * 1024 * 1024 - 100, 'Portico ');
  const size = Buffer.from([0x0a, 0, 0, 0, 0]);
  let rest = payload.length;
  for (let at = 1; at < 5; at++) {
    size[at] = (rest & 0x7f) | (at < 4 ? 0x80 : 0);
    rest >>= 7;
  }
  const message = Buffer.concat([size, payload]);
  const ask = ASKS['HTTP/1.1'] as Ask;
  const answer = await ask(t, port, { path: '/test.Echo/One', isText: true, message }).whole();
  const { messages } = readFrames(answer.bytes, true);
  assert.ok(messages[0]?.equals(message));
});
