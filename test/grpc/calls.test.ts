// gRPC through the proxy with grpc-js on both sides: all kinds of calls, metadata, deadlines, cancelling, failures.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Metadata, type ServerDuplexStream, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Owner } from '../kit/at-end.ts';
import { TestAuthority, type TestCertificate } from '../kit/certificates.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { Gate } from '../kit/gate.ts';
import { startInProcess } from '../kit/in-process.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import {
  connectEcho,
  type EchoClient,
  type EchoMethods,
  type EchoServer,
  type Message,
  readCall,
  type Sent,
  startEcho,
} from './_echo.ts';

const LIMIT = { timeout: 120_000 };
const EVERYTHING: EchoMethods = {
  one: (call, done) => done(null, call.request),
  up: (call, done) => {
    let size = 0;
    let count = 0;
    call.on('data', ({ payload }: Message) => {
      size += payload.length;
      count++;
    });
    call.on('end', () => done(null, { payload: Buffer.from(String(size)), count }));
  },
  down: (call) => {
    for (let count = 0; count < call.request.count; count++) call.write({ payload: call.request.payload, count });
    call.end();
  },
  both: (call) => {
    call.on('data', (message: Message) => call.write(message));
    call.on('end', () => call.end());
  },
};

let authority: TestAuthority;
let certificate: TestCertificate;
before(async () => {
  authority = await TestAuthority.create();
  certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] });
});

interface Calls {
  readonly client: EchoClient;
  readonly echo: EchoServer;
}

/** Server, proxy and client: in cleartext, or with TLS and ALPN on both sides. */
async function start(owner: Owner, isSecure: boolean, methods = EVERYTHING, clock?: FakeClock): Promise<Calls> {
  const echo = await startEcho(owner, methods, isSecure ? certificate : undefined);
  const folder = tempFolder(owner);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ca = file('ca.pem', authority.cert);
  const proxy = isSecure ? { to: `https://127.0.0.1:${echo.port}`, ca } : `h2c://127.0.0.1:${echo.port}`;
  const tls = { cert: file('cert.pem', certificate.cert), key: file('key.pem', certificate.key) };
  const document = {
    listen: isSecure ? 'https://127.0.0.1:0' : 'http://127.0.0.1:0',
    admin: false,
    sites: { '*': { proxy, log: 'off' } },
    ...(isSecure ? { tls } : {}),
  };
  const server = await startInProcess(owner, document, clock === undefined ? {} : { clock });
  return { echo, client: connectEcho(owner, server.port(), isSecure ? authority.cert : undefined) };
}

for (const isSecure of [false, true]) {
  describe(isSecure ? 'TLS with ALPN on both sides' : 'cleartext on both sides', { timeout: 600_000 }, () => {
    test('one message there, one back', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const { payload, count } = await one(client, { payload: Buffer.from('hello'), count: 7 });
      assert.deepEqual([payload.toString(), count], ['hello', 7]);
    });

    test('a stream there, one back', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const answer = new Promise<Message | undefined>((resolve, reject) => {
        const call = client.up(new Metadata(), {}, (error, value) => (error === null ? resolve(value) : reject(error)));
        for (let index = 0; index < 100; index++) call.write({ payload: Buffer.alloc(1000) });
        call.end();
      });
      assert.deepEqual(await answer, { payload: Buffer.from('100000'), count: 100 });
    });

    test('one there, a stream back', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const { code, messages } = await readCall(client.down({ payload: Buffer.alloc(1000), count: 500 }));
      assert.equal(code, status.OK);
      assert.deepEqual(
        messages.map(({ count }) => count),
        Array.from({ length: 500 }, (_, index) => index),
      );
    });

    test('a stream both ways, each message on its way before the next', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const call = client.both();
      for (let count = 0; count < 20; count++) {
        call.write({ count });
        const [message] = (await once(call, 'data')) as [Message];
        assert.equal(message.count, count);
      }
      const end = readCall(call);
      call.end();
      assert.equal((await end).code, status.OK);
    });

    test('20 MB each way in one message', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const payload = Buffer.alloc(20 * 1024 * 1024, 'Portico ');
      assert.ok((await one(client, { payload })).payload.equals(payload));
    });

    test('200 calls at a time', LIMIT, async (t) => {
      const { client } = await start(t, isSecure);
      const calls = Array.from({ length: 200 }, (_, count) => one(client, { count, payload: Buffer.alloc(1000) }));
      const answers = await Promise.all(calls);
      assert.deepEqual(
        answers.map(({ count }) => count),
        Array.from({ length: 200 }, (_, index) => index),
      );
    });
  });
}

test('metadata of head and trailers, binary ones too, and the status with its details', LIMIT, async (t) => {
  const { client } = await start(t, false, {
    down: (call) => {
      const head = new Metadata();
      for (const value of call.metadata.get('x-list')) head.add('x-list', value);
      head.set('x-bytes-bin', call.metadata.get('x-bytes-bin')[0] ?? '');
      call.sendMetadata(head);
      call.write({ count: 1 });
      const trailers = new Metadata();
      trailers.set('x-after', 'later');
      trailers.set('x-after-bin', Buffer.from([0, 255]));
      call.emit('error', { code: status.FAILED_PRECONDITION, details: 'nicht möglich: 100 %', metadata: trailers });
    },
  });
  const metadata = new Metadata();
  metadata.add('x-list', 'one');
  metadata.add('x-list', 'two');
  metadata.set('x-bytes-bin', Buffer.from([1, 0, 255]));
  const { code, details, messages, head, trailers } = await readCall(client.down({}, metadata));
  assert.equal(messages.length, 1);
  assert.deepEqual([code, details], [status.FAILED_PRECONDITION, 'nicht möglich: 100 %']);
  assert.deepEqual(head?.get('x-list').join(), 'one, two');
  assert.deepEqual(head?.get('x-bytes-bin'), [Buffer.from([1, 0, 255])]);
  assert.deepEqual(trailers.get('x-after'), ['later']);
  assert.deepEqual(trailers.get('x-after-bin'), [Buffer.from([0, 255])]);
});

test('a call that fails at once: Trailers-Only', LIMIT, async (t) => {
  const { client } = await start(t, false, {
    one: (_call, done) => done({ code: status.NOT_FOUND, details: 'no such thing' }),
  });
  await assert.rejects(one(client, {}), { code: status.NOT_FOUND, details: 'no such thing' });
  await assert.rejects(up(client), { code: status.UNIMPLEMENTED });
});

test('the head goes on before there is a message', LIMIT, async (t) => {
  const go = new Gate();
  const { client } = await start(t, false, {
    down: (call) => {
      call.sendMetadata(new Metadata());
      void go.passed.then(() => call.end());
    },
  });
  const call = client.down({});
  await once(call, 'metadata');
  const end = readCall(call);
  go.open();
  assert.equal((await end).code, status.OK);
});

test('a deadline that passes reaches both ends', LIMIT, async (t) => {
  const cancelled = new Gate();
  let deadline: unknown;
  const { client } = await start(t, false, {
    one: (call) => {
      deadline = call.getDeadline();
      call.on('cancelled', () => cancelled.open());
    },
  });
  // A call that takes longer than its deadline to get to the server says nothing about it.
  let givenMs = 150;
  while (deadline === undefined) {
    givenMs *= 2;
    await assert.rejects(one(client, {}, { deadline: Date.now() + givenMs }), { code: status.DEADLINE_EXCEEDED });
  }
  await cancelled.passed;
  assert.ok(Number(deadline) <= Date.now() + givenMs, 'grpc-timeout went on');
});

test('cancelling reaches the server: before the answer and within it', LIMIT, async (t) => {
  const [came, cancelled] = [new Gate(), [new Gate(), new Gate()]];
  const { client } = await start(t, false, {
    one: (call) => {
      call.on('cancelled', () => cancelled[0]?.open());
      came.open();
    },
    down: (call) => {
      call.on('cancelled', () => cancelled[1]?.open());
      call.write({ count: 1 });
    },
  });
  const failure = new Promise<number | undefined>((resolve) => {
    const call = client.one({}, new Metadata(), {}, (error) => resolve(error?.code));
    void came.passed.then(() => call.cancel());
  });
  assert.equal(await failure, status.CANCELLED);
  await cancelled[0]?.passed;
  const call = client.down({});
  call.on('error', () => {});
  await once(call, 'data');
  call.cancel();
  await cancelled[1]?.passed;
});

test('a server that ends the call while the client still sends', LIMIT, async (t) => {
  const { client } = await start(t, false, {
    both: (call: ServerDuplexStream<Message, Sent>) => {
      call.once('data', () => call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'enough' }));
    },
  });
  for (let round = 0; round < 3; round++) {
    const call = client.both();
    const end = readCall(call);
    call.write({ count: 1 });
    const { code, details } = await end;
    assert.deepEqual([code, details], [status.RESOURCE_EXHAUSTED, 'enough']);
  }
});

test('half an hour of silence in both directions', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { client } = await start(t, false, EVERYTHING, clock);
  const call = client.both();
  call.write({ count: 1 });
  await once(call, 'data');
  await clock.advanceWithTurns(1_800_000);
  call.write({ count: 2 });
  const [message] = (await once(call, 'data')) as [Message];
  assert.equal(message.count, 2);
  const end = readCall(call);
  call.end();
  assert.equal((await end).code, status.OK);
});

test('half an hour before the first answer, which the client does not limit', LIMIT, async (t) => {
  const clock = new FakeClock();
  let waiting: ServerWritableStream<Message, Sent> | undefined;
  const came = new Gate();
  const { client } = await start(
    t,
    false,
    {
      down: (call) => {
        waiting = call;
        came.open();
      },
    },
    clock,
  );
  const end = readCall(client.down({}));
  await came.passed;
  await clock.advanceWithTurns(1_800_000);
  waiting?.write({ count: 1 });
  waiting?.end();
  const { code, messages } = await end;
  assert.deepEqual([code, messages.length], [status.OK, 1]);
});

test('nobody listens: UNAVAILABLE with our code; nothing is mounted: UNIMPLEMENTED', LIMIT, async (t) => {
  const document = {
    listen: 'http://127.0.0.1:0',
    admin: false,
    sites: { '127.0.0.1': { '/test.Echo/One': { proxy: `h2c://127.0.0.1:${await closedPort()}`, log: 'off' } } },
  };
  const server = await startInProcess(t, document);
  const client = connectEcho(t, server.port());
  await assert.rejects(one(client, {}), {
    code: status.UNAVAILABLE,
    details: /^The upstream refused the connection\. \(connection_refused, request \S+\)$/,
  });
  await assert.rejects(up(client), { code: status.UNIMPLEMENTED, details: /mount_unknown/ });
});

test('a server that dies within a stream', LIMIT, async (t) => {
  const { client, echo } = await start(t, false, { down: (call) => void call.write({ count: 1 }) });
  const call = client.down({});
  await once(call, 'data');
  const end = readCall(call);
  echo.stop();
  const { code } = await end;
  assert.ok([status.UNAVAILABLE, status.INTERNAL, status.CANCELLED].includes(code), status[code]);
});

test('a server that comes back is found again', LIMIT, async (t) => {
  const { client, echo } = await start(t, false);
  await one(client, {});
  echo.stop();
  await assert.rejects(one(client, {}), { code: status.UNAVAILABLE });
});

function one(client: EchoClient, message: Sent, options = {}): Promise<Message> {
  return new Promise((resolve, reject) => {
    client.one(message, new Metadata(), options, (error, value) => {
      if (error !== null || value === undefined) reject(error);
      else resolve(value);
    });
  });
}

function up(client: EchoClient): Promise<Message | undefined> {
  return new Promise((resolve, reject) => {
    client.up(new Metadata(), {}, (error, value) => (error === null ? resolve(value) : reject(error))).end();
  });
}
