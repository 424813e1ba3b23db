// Line writer: batches, partial writes, failures that heal and those that do not, rotation, and real devices.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { atEnd } from '../../test/kit/at-end.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { projectRoot } from '../../test/kit/project-root.ts';
import { tempFolder } from '../../test/kit/temp-folder.ts';
import { Waiting } from '../../test/kit/waiting.ts';
import { systemClock } from '../util/clock.ts';
import { type LineFileSystem, type LineTrouble, LineWriter } from './line-writer.ts';

const LIMIT = { timeout: 120_000 };
const MIB = 1024 * 1024;

/** Files in memory: what is open, what is in them, and what goes wrong next. */
class FakeFiles implements LineFileSystem {
  readonly contents = new Map<string, string>();
  /** Paths by inode: a rename moves the inode. */
  readonly #openFiles = new Map<number, string>();
  readonly writes: string[] = [];
  /** Bytes that the next writes take; empty: all. */
  readonly portions: number[] = [];
  /** The errno of the next calls, by call; stays until taken away. */
  failing: Partial<Record<'open' | 'write' | 'close', string>> = {};
  tries = 0;
  #nextFd = 10;
  readonly #inodes = new Map<string, number>();

  async open(path: string): Promise<number> {
    this.#failIf('open');
    if (!this.contents.has(path)) this.contents.set(path, '');
    if (!this.#inodes.has(path)) this.#inodes.set(path, this.#inodes.size + 1);
    const fd = this.#nextFd++;
    this.#openFiles.set(fd, path);
    return fd;
  }

  async write(fd: number, bytes: Buffer, offset: number, length: number): Promise<number> {
    this.tries++;
    this.#failIf('write');
    const path = this.#openFiles.get(fd);
    assert.ok(path !== undefined, `write to ${fd}, which is closed`);
    const size = Math.min(length, this.portions.shift() ?? length);
    const text = bytes.toString('utf8', offset, offset + size);
    this.writes.push(text);
    this.contents.set(path, (this.contents.get(path) ?? '') + text);
    return size;
  }

  async identify(fd: number): Promise<string> {
    return String(this.#inodes.get(this.#openFiles.get(fd) ?? ''));
  }

  async close(fd: number): Promise<void> {
    assert.ok(this.#openFiles.delete(fd), `close of ${fd}, which is closed`);
    this.#failIf('close');
  }

  get openCount(): number {
    return this.#openFiles.size;
  }

  /** Moves a file away, as a log rotation does; who has it open goes on writing to it. */
  rename(from: string, to: string): void {
    this.contents.set(to, this.contents.get(from) ?? '');
    this.contents.delete(from);
    for (const [fd, path] of this.#openFiles) if (path === from) this.#openFiles.set(fd, to);
    this.#inodes.set(to, this.#inodes.get(from) ?? 0);
    this.#inodes.set(from, this.#inodes.size + 100);
  }

  #failIf(call: 'open' | 'write' | 'close'): void {
    const errno = this.failing[call];
    if (errno !== undefined) throw Object.assign(new Error(errno), { code: errno });
  }
}

function setUp(path = '/log') {
  const clock = new FakeClock();
  const files = new FakeFiles();
  const troubles: LineTrouble[] = [];
  const onTrouble = (trouble: LineTrouble) => troubles.push(trouble);
  const writer = new LineWriter({ target: { path }, clock, fileSystem: files, onTrouble });
  const pass = (ms: number) => clock.advanceWithTurns(ms);
  return { clock, files, troubles, writer, pass };
}

test('lines that come together are written together, within a tick', async () => {
  const { files, writer, pass } = setUp();
  writer.write('eins ä\n');
  writer.writeAscii('two\n');
  writer.writeBytes(Buffer.from('three €\n'));
  await pass(49);
  assert.deepEqual(files.writes, []);
  await pass(1);
  assert.deepEqual(files.writes, ['eins ä\ntwo\nthree €\n']);
  writer.write('four\n');
  await pass(50);
  assert.deepEqual(files.writes.slice(1), ['four\n']);
});

test('a full batch does not wait for the tick', async () => {
  const { files, writer, pass } = setUp();
  const line = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 66; count++) writer.writeAscii(line);
  await pass(0);
  assert.equal(files.contents.get('/log'), line.repeat(65));
  await pass(50);
  assert.equal(files.contents.get('/log'), line.repeat(66));
});

test('lines that come during a write wait for company of their own', async () => {
  const { files, writer, pass } = setUp();
  writer.write('a\n');
  const write = files.write.bind(files);
  files.write = async (...args) => {
    if (files.tries === 0) writer.write('b\n');
    return write(...args);
  };
  await pass(50);
  writer.write('c\n');
  await pass(50);
  assert.deepEqual(files.writes, ['a\n', 'b\nc\n']);
});

test('lines of every size around a batch come out whole and in order', async () => {
  for (const size of [1, 2, 65_535, 65_536, 65_537, 200_000]) {
    for (const letter of ['x', 'ä', '€']) {
      const { files, writer } = setUp();
      const lines = [`first\n`, `${letter.repeat(size)}\n`, 'last\n'];
      for (const line of lines) writer.write(line);
      if (letter === 'x') writer.writeAscii(`${letter.repeat(size)}\n`);
      assert.equal(await writer.flush(1000), true);
      const wanted = lines.join('') + (letter === 'x' ? `${letter.repeat(size)}\n` : '');
      assert.equal(files.contents.get('/log'), wanted);
      assert.equal(writer.droppedCount, 0);
    }
  }
});

test('a write that takes a part is continued behind that part', async () => {
  const { files, writer } = setUp();
  files.portions.push(1, 2, 3, 1);
  writer.write('one\ntwo\nthree\n');
  assert.equal(await writer.flush(1000), true);
  assert.deepEqual(files.writes, ['o', 'ne', '\ntw', 'o', '\nthree\n']);
});

test('a full disk: at most 1 MiB waits, the rest is counted, told once a minute, and writing goes on by itself', async () => {
  const { files, troubles, writer, pass } = setUp();
  files.failing.write = 'ENOSPC';
  const line = `${'y'.repeat(1023)}\n`;
  let written = 0;
  const add = (count: number) => {
    for (let index = 0; index < count; index++) writer.writeAscii(line);
    written += count;
  };
  add(10);
  await pass(50);
  assert.deepEqual(
    troubles.map(({ errno, droppedLines }) => ({ errno, droppedLines })),
    [{ errno: 'ENOSPC', droppedLines: 0 }],
  );
  add(5000);
  await pass(30_000);
  assert.equal(writer.queuedBytes, MIB);
  assert.equal(troubles.length, 1);
  await pass(30_000);
  assert.equal(troubles.length, 2);
  assert.equal(troubles[1]?.droppedLines, written - 1024);
  assert.match(troubles[1]?.message ?? '', /\/log: ENOSPC; 3986 lines were lost/);
  await pass(300_000);
  assert.equal(troubles.length, 7);
  assert.ok(files.tries < 370, `${files.tries} tries in six minutes`);
  files.failing = {};
  await pass(1000);
  assert.equal(writer.queuedBytes, 0);
  assert.equal(files.contents.get('/log'), line.repeat(1024));
  add(1);
  await pass(60_000);
  assert.equal(files.contents.get('/log'), line.repeat(1025));
  const told = troubles.length;
  await pass(600_000);
  assert.equal(troubles.length, told);
  assert.equal(writer.droppedCount, 3986);
});

test('what is not ASCII cannot make the queue larger', async () => {
  const { files, writer, pass } = setUp();
  files.failing.write = 'ENOSPC';
  for (let count = 0; count < 3000; count++) writer.write(`${'€'.repeat(400)}\n`);
  await pass(50);
  assert.ok(writer.queuedBytes <= MIB, `${writer.queuedBytes}`);
  assert.ok(writer.queuedBytes > MIB - 2000);
  assert.equal(writer.droppedCount, 3000 - Math.floor(writer.queuedBytes / 1201));
});

test('a line beyond the whole queue is lost alone', async () => {
  const { files, writer } = setUp();
  writer.write(`${'z'.repeat(MIB)}\n`);
  writer.writeAscii(`${'z'.repeat(MIB)}\n`);
  writer.write('small\n');
  assert.equal(await writer.flush(1000), true);
  assert.equal(files.contents.get('/log'), 'small\n');
  assert.equal(writer.droppedCount, 2);
});

test('a pipe that is full is tried again soon and is no trouble until lines are lost', async () => {
  const { files, troubles, writer, pass } = setUp();
  files.failing.write = 'EAGAIN';
  writer.write('a\n');
  await pass(1050);
  assert.equal(files.tries, 41);
  assert.equal(troubles.length, 0);
  for (let count = 0; count < 1100; count++) writer.writeAscii(`${'p'.repeat(1023)}\n`);
  assert.equal(troubles.length, 1);
  assert.equal(troubles[0]?.errno, undefined);
  assert.match(troubles[0]?.message ?? '', /faster than they can be written; 1 lines were lost/);
  files.failing = {};
  await pass(25);
  assert.equal(writer.queuedBytes, 0);
});

for (const errno of ['EPIPE', 'EIO', 'EBADF']) {
  test(`${errno}: the file is opened again until it works`, async () => {
    const { files, troubles, writer, pass } = setUp();
    writer.write('one\n');
    await pass(50);
    files.failing = { write: errno, close: 'EIO' };
    writer.write('two\n');
    await pass(50);
    assert.equal(files.openCount, 0);
    files.failing = { open: 'EACCES' };
    await pass(5000);
    files.failing = {};
    await pass(1000);
    assert.equal(files.contents.get('/log'), 'one\ntwo\n');
    assert.equal(files.openCount, 1);
    assert.equal(troubles.length, 1);
    assert.equal(troubles[0]?.errno, errno);
  });
}

test('reopen: a batch under way ends in the old file, what follows goes to the new one', async () => {
  const { files, writer, pass } = setUp();
  writer.write('old\n');
  await pass(50);
  files.rename('/log', '/log.1');
  writer.write('still old\n');
  files.portions.push(5);
  const write = files.write.bind(files);
  let isFirst = true;
  files.write = async (...args) => {
    if (isFirst) writer.reopen();
    isFirst = false;
    return write(...args);
  };
  await pass(50);
  writer.write('new\n');
  await pass(50);
  assert.equal(files.contents.get('/log.1'), 'old\nstill old\n');
  assert.equal(files.contents.get('/log'), 'new\n');
  assert.equal(files.openCount, 1);
});

test('reopen without anything to write lets go of the old file at once', async () => {
  const { files, writer, pass } = setUp();
  writer.write('old\n');
  await pass(50);
  files.rename('/log', '/log.1');
  writer.reopen();
  await pass(0);
  assert.equal(files.contents.get('/log'), '');
  assert.equal(files.openCount, 1);
});

test('reopen that fails keeps the old file and tells', async () => {
  const { files, troubles, writer, pass } = setUp();
  writer.write('old\n');
  await pass(50);
  files.rename('/log', '/log.1');
  files.failing.open = 'EACCES';
  writer.reopen();
  await pass(0);
  writer.write('more\n');
  await pass(50);
  assert.equal(files.contents.get('/log.1'), 'old\nmore\n');
  assert.equal(troubles[0]?.errno, 'EACCES');
});

test('reopen away from a full disk: a line that was cut is written again, whole', async () => {
  const { files, writer, pass } = setUp();
  files.portions.push(6);
  const write = files.write.bind(files);
  files.write = async (...args) => {
    const size = await write(...args);
    files.failing.write = 'ENOSPC';
    return size;
  };
  writer.write('one\ntwo\nthree\n');
  await pass(50);
  assert.equal(files.contents.get('/log'), 'one\ntw');
  files.rename('/log', '/full/log');
  files.failing = {};
  files.write = write;
  writer.reopen();
  await pass(0);
  assert.equal(files.contents.get('/log'), 'two\nthree\n');
});

test('the same file opened again goes on inside the line that was cut', async () => {
  const { files, writer, pass } = setUp();
  files.portions.push(6);
  const write = files.write.bind(files);
  files.write = async (...args) => {
    const size = await write(...args);
    files.failing.write = 'EIO';
    return size;
  };
  writer.write('one\ntwo\nthree\n');
  await pass(50);
  files.failing = {};
  files.write = write;
  await pass(1000);
  assert.equal(files.contents.get('/log'), 'one\ntwo\nthree\n');
});

test('flush gives up after its time; close counts what nobody will read and closes the file', async () => {
  const { clock, files, troubles, writer, pass } = setUp();
  await writer.open();
  files.failing.write = 'EAGAIN';
  writer.write('a\nb\n');
  const flushed = writer.flush(500);
  await pass(500);
  assert.equal(await flushed, false);
  const closed = writer.close(500);
  await pass(500);
  await closed;
  assert.equal(writer.droppedCount, 2);
  assert.equal(troubles.at(-1)?.droppedLines, 2);
  assert.equal(files.openCount, 0);
  writer.write('late\n');
  assert.equal(writer.droppedCount, 3);
  assert.equal(clock.timerCount, 0);
});

test('close waits for a write under way, and not for ever', async () => {
  for (const willReturn of [true, false]) {
    const { files, writer, pass } = setUp();
    await writer.open();
    writer.write('a\n');
    let finish: () => void = () => {};
    files.write = (_fd, _bytes, _offset, length) => new Promise((resolve) => (finish = () => resolve(length)));
    let isClosed = false;
    const closed = writer.close(100).then(() => (isClosed = true));
    await pass(150);
    assert.equal(isClosed, false);
    if (willReturn) finish();
    await pass(willReturn ? 0 : 50);
    await closed;
    assert.equal(files.openCount, willReturn ? 0 : 1);
  }
});

test('flush tries at once, without waiting for the retry of a failure', async () => {
  const { files, writer, pass } = setUp();
  files.failing.write = 'ENOSPC';
  writer.write('a\n');
  await pass(50);
  files.failing = {};
  assert.equal(await writer.flush(1000), true);
  assert.equal(files.contents.get('/log'), 'a\n');
});

test('open tells an operator of a wrong path, and waits for a reader of a fifo', async () => {
  const { files, writer } = setUp();
  files.failing.open = 'EACCES';
  await assert.rejects(writer.open(), { code: 'EACCES' });
  files.failing.open = 'ENXIO';
  await writer.open();
});

test('trouble in telling of trouble goes nowhere', async () => {
  const clock = new FakeClock();
  const files = new FakeFiles();
  files.failing.write = 'EIO';
  const writer = new LineWriter({
    target: { path: '/log' },
    clock,
    fileSystem: files,
    onTrouble: () => {
      throw new Error('no');
    },
  });
  writer.write('a\n');
  await clock.advanceWithTurns(50);
  files.failing = {};
  await clock.advanceWithTurns(1000);
  assert.equal(files.contents.get('/log'), 'a\n');
});

function realWriter(path: string) {
  const troubles: LineTrouble[] = [];
  const waiting = new Waiting(() => JSON.stringify(troubles));
  const onTrouble = (trouble: LineTrouble) => {
    troubles.push(trouble);
    waiting.changed();
  };
  const writer = new LineWriter({ target: { path }, clock: systemClock, onTrouble });
  const untilTrouble = async () => {
    const holdProcess = setInterval(() => {}, 1000); // the timers of the system clock do not
    await waiting.until('trouble', () => troubles.length > 0).finally(() => clearInterval(holdProcess));
  };
  return { troubles, writer, untilTrouble };
}

test('a real file: made for its owner and group, appended to, rotated', LIMIT, async (context) => {
  const path = join(tempFolder(context), 'access.log');
  const { writer } = realWriter(path);
  writer.write('one\n');
  assert.equal(await writer.flush(60_000), true);
  assert.equal(statSync(path).mode & 0o007, 0);
  renameSync(path, `${path}.1`);
  writer.reopen();
  writer.write('two\n');
  await writer.close(60_000);
  assert.equal(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8'), 'one\ntwo\n');
  const again = realWriter(path);
  again.writer.write('three\n');
  await again.writer.close(60_000);
  assert.match(readFileSync(path, 'utf8'), /three\n$/);
});

test('a real folder that is missing is an error of open', LIMIT, async (context) => {
  const { writer } = realWriter(join(tempFolder(context), 'none', 'access.log'));
  await assert.rejects(writer.open(), { code: 'ENOENT' });
});

test('/dev/full: counted, bounded, told', { ...LIMIT, skip: !existsSync('/dev/full') }, async () => {
  const { troubles, writer, untilTrouble } = realWriter('/dev/full');
  writer.write('first\n');
  await untilTrouble();
  for (let count = 0; count < 20_000; count++) writer.writeAscii(`${'f'.repeat(99)}\n`);
  assert.ok(writer.queuedBytes <= MIB);
  assert.equal(await writer.flush(50), false);
  await writer.close(10);
  assert.deepEqual(
    troubles.map(({ errno, droppedLines }) => ({ errno, droppedLines })),
    [
      { errno: 'ENOSPC', droppedLines: 0 },
      { errno: 'ENOSPC', droppedLines: 20_001 },
    ],
  );
  assert.equal(writer.droppedCount, 20_001);
});

function makeFifo(context: TestContext): string {
  const path = join(tempFolder(context), 'fifo');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

test('a fifo: nobody there, then a slow reader, then nobody, then another one', LIMIT, async (context) => {
  const path = makeFifo(context);
  const { writer } = realWriter(path);
  await writer.open();
  writer.write('early\n');
  assert.equal(await writer.flush(50), false);
  const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  assert.equal(await writer.flush(60_000), true);
  assert.equal(readAll(first), 'early\n');
  const lines = Array.from({ length: 3000 }, (_, index) => `${index} ${'q'.repeat(90)}\n`).join('');
  writer.writeBytes(Buffer.from(lines));
  let text = '';
  const flushed = writer.flush(60_000);
  while (text.length < lines.length && !context.signal.aborted) {
    text += readAll(first);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await flushed, true);
  assert.equal(text, lines);
  closeSync(first);
  writer.write('lonely\n');
  assert.equal(await writer.flush(50), false);
  const second = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  atEnd(context, () => closeSync(second));
  assert.equal(await writer.flush(60_000), true);
  assert.equal(readAll(second), 'lonely\n');
  await writer.close(1000);
});

function readAll(fd: number): string {
  const bytes = Buffer.alloc(65_536);
  let text = '';
  for (;;) {
    try {
      const size = readSync(fd, bytes, 0, bytes.length, null);
      if (size === 0) return text;
      text += bytes.toString('latin1', 0, size);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return text;
    }
  }
}

test('a disk that fills up and is emptied again', LIMIT, async (context) => {
  const folder = join(tempFolder(context), 'disk');
  mkdirSync(folder);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status !== 0) {
    context.skip('needs to be allowed to mount a tmpfs');
    return;
  }
  atEnd(context, () => spawnSync('umount', ['-l', folder]));
  const { troubles, writer, untilTrouble } = realWriter(join(folder, 'log'));
  const line = `${'d'.repeat(99)}\n`;
  for (let count = 0; count < 3000; count++) writer.writeAscii(line);
  await untilTrouble();
  assert.equal(troubles[0]?.errno, 'ENOSPC');
  assert.equal(spawnSync('mount', ['-o', 'remount,size=4m', folder]).status, 0);
  assert.equal(await writer.flush(60_000), true);
  assert.equal(readFileSync(join(folder, 'log'), 'latin1'), line.repeat(3000));
  assert.equal(writer.droppedCount, 0);
  await writer.close(1000);
});

const STUCK_PROGRAM = `
const { LineWriter } = await import('./dist/src/observe/line-writer.js');
const { systemClock } = await import('./dist/src/util/clock.js');
const writer = new LineWriter({ target: { fd: 1 }, clock: systemClock, onTrouble: () => {} });
for (let count = 0; count < 9000; count++) writer.writeAscii('s'.repeat(99) + '\\n');
const isWritten = await writer.flush(200);
process.stderr.write('written: ' + isWritten + ', waiting: ' + (writer.queuedBytes > 0) + '\\n');
process.exit(7);
`;

test('standard output that nobody reads keeps the process neither busy nor from ending', LIMIT, async (context) => {
  const fifo = openSync(makeFifo(context), constants.O_RDWR);
  atEnd(context, () => closeSync(fifo));
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', STUCK_PROGRAM], {
    cwd: projectRoot,
    stdio: ['ignore', fifo, 'pipe'],
    timeout: 120_000,
  });
  assert.equal(stderr.toString(), 'written: false, waiting: true\n');
  assert.equal(status, 7);
});

const PATIENT_PROGRAM = `
const { LineWriter } = await import('./dist/src/observe/line-writer.js');
const { systemClock } = await import('./dist/src/util/clock.js');
const writer = new LineWriter({ target: { fd: 1 }, clock: systemClock, onTrouble: () => {} });
for (let count = 0; count < 9000; count++) writer.writeAscii('s'.repeat(99) + '\\n');
await writer.flush(20);
process.stderr.write('full');
await writer.close(60_000);
`;

test(
  'standard output that is read late gets every line, although nothing else keeps the process alive',
  LIMIT,
  async (context) => {
    const path = makeFifo(context);
    // What is opened for the child becomes blocking in it; the test reads through a description of its own.
    const [fifo, reader] = [
      openSync(path, constants.O_RDWR),
      openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    ];
    atEnd(context, () => [fifo, reader].forEach(closeSync));
    const child = spawn(process.execPath, ['--input-type=module', '-e', PATIENT_PROGRAM], {
      cwd: projectRoot,
      stdio: ['ignore', fifo, 'pipe'],
    });
    atEnd(context, () => child.kill('SIGKILL'));
    assert.ok(child.stderr !== null);
    const ended = once(child, 'exit');
    const [told] = await once(child.stderr, 'data');
    assert.equal(String(told), 'full');
    let size = 0;
    while (size < 900_000 && !context.signal.aborted) {
      size += readAll(reader).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await ended, [0, null]);
    assert.equal(size, 900_000);
  },
);
