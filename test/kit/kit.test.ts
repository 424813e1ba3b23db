// The test kit against servers that are not ours: raw client, scripted upstream, processes, clock, splits.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { atEnd, type Owner } from './at-end.ts';
import { DEBIAN_PACKAGES, findProgram, skipUnless } from './debian.ts';
import { everySplit, splitsOf } from './every-split.ts';
import { FakeClock } from './fake-clock.ts';
import { Gate } from './gate.ts';
import { launchPortico } from './portico.ts';
import { startProcess } from './process.ts';
import { projectRoot } from './project-root.ts';
import { askOnce, connectClient, getRequest } from './raw-client.ts';
import { answering, closedPort, okResponse, startUpstream } from './scripted-upstream.ts';
import { tempFolder } from './temp-folder.ts';
import { WaitError } from './waiting.ts';

const LIMIT = { timeout: 120_000 };

test('RawClient talks to node:http: kept alive, chunked, HEAD, pieces, 100 Continue', LIMIT, async (t) => {
  const port = await nodeServer(t);
  const client = await connectClient(t, { port });
  assert.equal((await client.ask(getRequest('/length'))).body.toString(), 'GET /length ');
  const chunked = await client.ask(getRequest('/chunked'));
  assert.deepEqual([chunked.framing, chunked.body.toString()], ['chunked', 'GET /chunked ']);
  assert.equal((await client.ask(getRequest('/length').replace('GET', 'HEAD'))).body.length, 0);

  const post = 'POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
  await client.sendBy(1, post);
  assert.equal((await client.head()).status, 100);
  await client.send('hello');
  assert.equal((await client.response('POST')).body.toString(), 'POST /length hello');

  await client.send(getRequest('/length', 'x', ['Connection: close']));
  assert.equal((await client.response()).status, 200);
  await client.silentEnd();
});

test('RawClient fails with the transcript when an answer does not come', LIMIT, async (t) => {
  const upstream = await startUpstream(t, (connection) => connection.hang());
  const client = await connectClient(t, { port: upstream.port, waitLimitMs: 50 });
  await assert.rejects(client.ask(getRequest('/never')), (error) => {
    assert.ok(error instanceof WaitError);
    assert.match(error.message, /waiting for a response: not there after 50 ms/);
    assert.match(error.message, /> "GET \/never HTTP\/1\.1/);
    return true;
  });
});

test('RawClient notices a reset', LIMIT, async (t) => {
  const gate = new Gate();
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    await gate.passed;
    connection.reset();
  });
  const client = await connectClient(t, { port: upstream.port });
  const answer = client.ask(getRequest('/'));
  await client.untilText('half');
  gate.open();
  await assert.rejects(answer, /ended after 4 of 10 bytes/);
  await client.gone();
  assert.equal(client.wasReset, true);
});

test('ScriptedUpstream answers node:http by script and records what came', LIMIT, async (t) => {
  const gate = new Gate();
  const upstream = await startUpstream(
    t,
    answering(async (request) => {
      await gate.passed;
      return okResponse(`${request.method} ${request.body.toString()}`);
    }),
  );
  const answer = askNode(upstream.port, '/x', 'content');
  const request = await upstream.request();
  assert.deepEqual([request.target, request.framing], ['/x', 'chunked']);
  gate.open();
  assert.equal(await answer, 'POST content');
  assert.match((await upstream.connection(1)).received.toString('latin1'), /^POST \/x HTTP\/1\.1\r\n/);
});

test('ScriptedUpstream turns what is not strict HTTP into a failure of the test', LIMIT, async () => {
  let endOfTest: () => unknown = () => {};
  const owner: Owner = { after: (cleanUp) => (endOfTest = cleanUp) };
  const upstream = await startUpstream(
    owner,
    answering(() => okResponse()),
  );
  const client = await connectClient(owner, { port: upstream.port });
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  await client.rest();
  await assert.rejects(upstream.request(), /2 Host lines/);
  const folder = tempFolder(owner);
  await assert.rejects(async () => endOfTest(), /2 Host lines/);
  assert.equal(existsSync(folder), false, 'everything is cleaned up all the same');
  assert.equal(client.socket.destroyed, true);
});

test('atEnd cleans up in reverse order and shows transcripts when the test failed', async () => {
  const calls: string[] = [];
  let endOfTest: () => unknown = () => {};
  const owner: Owner = {
    passed: false,
    after: (cleanUp) => (endOfTest = cleanUp),
    diagnostic: (message) => calls.push(message),
  };
  atEnd(
    owner,
    () => calls.push('first'),
    () => 'transcript',
  );
  atEnd(owner, () => {
    calls.push('second');
    throw new Error('boom');
  });
  atEnd(owner, () => calls.push('third'));
  await assert.rejects(async () => endOfTest(), /boom/);
  assert.deepEqual(calls, ['transcript', 'third', 'second', 'first']);
});

test('ScriptedUpstream does not mind a request that is cut, and says so', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const client = await connectClient(t, { port: upstream.port });
  await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
  const connection = await upstream.connection(1);
  await connection.untilText('half');
  client.reset();
  await connection.gone();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(connection.wasCut, true);
  assert.equal(upstream.requests.length, 0);
});

test('an upstream script tunnels behind 101 and ends its half', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n');
    await connection.echo();
  });
  const client = await connectClient(t, { port: upstream.port });
  assert.equal((await client.ask(getRequest('/'))).status, 101);
  await client.send('ping');
  assert.equal((await client.bytes(4)).toString(), 'ping');
  client.halfClose();
  await client.silentEnd();
});

test('a scripted upstream listens on a unix socket, and a closed port refuses', LIMIT, async (t) => {
  const path = `${tempFolder(t)}/s`;
  await startUpstream(
    t,
    answering(() => okResponse('unix')),
    { path },
  );
  assert.equal((await askOnce({ path }, getRequest('/'))).body.toString(), 'unix');
  await assert.rejects(askOnce({ port: await closedPort() }, getRequest('/')), /ECONNREFUSED/);
});

test('a paused client lets the upstream feel back-pressure', LIMIT, async (t) => {
  const big = Buffer.alloc(32 * 1024 * 1024, 'x');
  let isSent = false;
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`);
    await connection.send(big);
    isSent = true;
  });
  const client = await connectClient(t, { port: upstream.port });
  client.pause();
  await client.send(getRequest('/'));
  await upstream.request(1);
  assert.equal(isSent, false);
  client.resume();
  assert.ok((await client.response()).body.equals(big));
});

test('FakeClock calls what is due at its instant, in order, and stops what was cancelled', async () => {
  const clock = new FakeClock(1000);
  const calls: string[] = [];
  clock.after(30, () => calls.push(`once ${clock.now()}`));
  const stop = clock.every(20, () => calls.push(`tick ${clock.now()}`));
  clock.after(10, () => clock.after(5, () => calls.push(`nested ${clock.now()}`)));
  clock.after(40, () => calls.push('cancelled'))();
  clock.advance(45);
  assert.deepEqual(calls, ['nested 15', 'tick 20', 'once 30', 'tick 40']);
  stop();
  assert.deepEqual([clock.now(), clock.epochMs(), clock.timerCount], [45, 1045, 0]);

  clock.after(5, () => void Promise.resolve().then(() => clock.after(5, () => calls.push(`later ${clock.now()}`))));
  await clock.advanceWithTurns(10);
  assert.equal(calls.at(-1), 'later 55');
});

test('splitsOf gives every split, and everySplit names the one that failed', () => {
  const bytes = Buffer.from('abcdef');
  const splits = [...splitsOf(bytes)];
  assert.equal(splits.length, 1 + 5 + 1 + 20);
  for (const { pieces } of splits) {
    assert.equal(Buffer.concat([...pieces]).toString(), 'abcdef');
    assert.ok(pieces.every((piece) => piece.length > 0));
  }
  assert.deepEqual([...splitsOf(bytes)], splits, 'random splits are the same each time');
  const failOnThird = (pieces: Buffer[]) => assert.notEqual(pieces[0]?.length, 3, 'boom');
  assert.throws(() => everySplit(bytes, failOnThird), /\[cut at 3 of 6\] boom/);
});

test('skipUnless names what is missing and how to install it', (t) => {
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'wrk'), '', { mode: 0o755 });
  process.env['PATH'] = folder;
  assert.equal(skipUnless(), false);
  assert.equal(findProgram('wrk'), join(folder, 'wrk'));
  assert.equal(skipUnless('wrk'), false);
  const message = skipUnless('wrk', 'chromium', 'certutil');
  assert.ok(message !== false);
  assert.match(message, /^needs chromium and certutil: apt-get install .* chromium libnss3-tools$/);
});

test('what the kit looks for is what tools/install-debian-packages.sh installs', () => {
  const script = readFileSync(join(projectRoot, 'tools', 'install-debian-packages.sh'), 'utf8');
  for (const name of DEBIAN_PACKAGES) assert.match(script, new RegExp(`^  ${name}\\s`, 'm'));
});

test('startProcess waits for output, and shows it when the process ends first', LIMIT, async (t) => {
  const script = 'process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000); console.log("ready")';
  const running = startProcess(t, process.execPath, ['-e', script]);
  await running.untilOutput('ready');
  assert.deepEqual(await running.stop(), { status: 3, signal: null });
  const failing = startProcess(t, process.execPath, ['-e', 'console.error("broken"); process.exit(2)']);
  await assert.rejects(failing.untilOutput('ready'), /ended with 2\n--- output of .*\nbroken/);
});

test('launchPortico runs the executable and keeps what it says', LIMIT, async (t) => {
  const portico = launchPortico(t, { config: { listen: '127.0.0.1:0' }, args: ['no-such-command', 'CONFIG'] });
  await portico.process.ended();
  assert.notEqual(portico.output, '');
});

test('a raw client may speak to a server that is no upstream of ours', LIMIT, async (t) => {
  const server = createNetServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  assert.equal((await askOnce({ port: address.port }, getRequest('/'))).status, 200);
});

async function nodeServer(t: TestContext): Promise<number> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const text = `${request.method} ${request.url} ${body}`;
    if (request.url !== '/chunked') response.setHeader('content-length', text.length);
    response.write(text.slice(0, 3));
    response.end(text.slice(3));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : Number.NaN;
}

function askNode(port: number, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, path, method: 'POST', host: '127.0.0.1' }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
    request.on('error', reject);
    request.write(body);
    request.end();
  });
}
