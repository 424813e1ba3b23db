// The strict readers: what they read at every split, and what they refuse.
import assert from 'node:assert/strict';
import test from 'node:test';
import { everySplit } from './every-split.ts';
import {
  ByteFeed,
  CutError,
  type Reading,
  type ReadResponse,
  readRequestHead,
  readRequestRest,
  readResponse,
  WireError,
} from './message-reader.ts';

interface Case {
  readonly bytes: string;
  readonly method?: string;
  readonly status: number;
  readonly body: string;
  readonly framing: ReadResponse['framing'];
  readonly interim?: number[];
  readonly trailers?: [string, string][];
  /** What is left behind the response. */
  readonly rest?: string;
}

const RESPONSES: Record<string, Case> = {
  'with a length, and another behind it': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1',
    status: 200,
    body: 'ok',
    framing: 'length',
    rest: 'HTTP/1.1',
  },
  'in chunks with extension and trailers': {
    bytes: 'HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
    status: 200,
    body: 'abc0123456789',
    framing: 'chunked',
    trailers: [['X-T', '1']],
  },
  'until the connection ends': {
    bytes: 'HTTP/1.0 200 OK\r\n\r\nall\r\n\r\nof it',
    status: 200,
    body: 'all\r\n\r\nof it',
    framing: 'close',
  },
  'to HEAD': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    method: 'HEAD',
    status: 200,
    body: '',
    framing: 'none',
  },
  '304 with a length': {
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    status: 304,
    body: '',
    framing: 'none',
  },
  'behind informational ones': {
    bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    status: 204,
    body: '',
    framing: 'none',
    interim: [100, 103],
  },
  '101 and the tunnel': {
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\ntunnel',
    status: 101,
    body: '',
    framing: 'none',
    rest: 'tunnel',
  },
};

for (const [name, expected] of Object.entries(RESPONSES)) {
  test(`readResponse reads a response ${name}`, () => {
    everySplit(Buffer.from(expected.bytes, 'latin1'), (pieces) => {
      const feed = new ByteFeed();
      const response = drive(feed, readResponse(feed, expected.method ?? 'GET'), pieces);
      assert.equal(response.status, expected.status);
      assert.equal(response.body.toString('latin1'), expected.body);
      assert.equal(response.framing, expected.framing);
      assert.deepEqual(
        response.interim.map(({ status }) => status),
        expected.interim ?? [],
      );
      assert.deepEqual(response.trailers.lines, expected.trailers ?? []);
      assert.equal(feed.take(feed.length).toString('latin1'), expected.rest ?? '');
    });
  });
}

const REFUSED_RESPONSES: Record<string, string> = {
  'a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
  'a status line without the space behind the status': 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
  'a space before the colon': 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
  'a folded line': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
  'a bare CR in a value': 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n',
  'length and coding': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
  'an odd length': 'HTTP/1.1 200 OK\r\nContent-Length: 01\r\n\r\na',
  'another coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a coding in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a chunk without end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
  'a chunk size that is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
  'a length in 204': 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
};

for (const [name, bytes] of Object.entries(REFUSED_RESPONSES)) {
  test(`readResponse refuses ${name}`, () => {
    everySplit(Buffer.from(bytes, 'latin1'), (pieces) => {
      const feed = new ByteFeed();
      assert.throws(
        () => drive(feed, readResponse(feed, 'GET'), pieces),
        (error) => error instanceof WireError && !(error instanceof CutError),
      );
    });
  });
}

test('readResponse tells a response that was cut, wherever it was cut', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', 'latin1');
  for (let length = 0; length < bytes.length; length++) {
    const feed = new ByteFeed();
    assert.throws(() => drive(feed, readResponse(feed, 'GET'), [bytes.subarray(0, length)]), CutError);
  }
});

test('readRequestHead and readRequestRest read requests one after the other, and the clean end', () => {
  const bytes = Buffer.from(
    'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.0\r\nX-A: 1\r\nx-a: 2\r\n\r\n',
    'latin1',
  );
  everySplit(bytes, (pieces) => {
    const feed = new ByteFeed();
    const requests = drive(feed, readAllRequests(feed), pieces);
    assert.deepEqual(requests, ['POST /a 1.1 abc x', 'GET /b 1.0  1|2']);
  });
});

const REFUSED_REQUESTS: Record<string, string> = {
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'two Hosts': 'GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n',
  'an octet above 7E in the target': 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n',
  'an empty line before': '\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
};

for (const [name, bytes] of Object.entries(REFUSED_REQUESTS)) {
  test(`readRequestHead refuses ${name}`, () => {
    const feed = new ByteFeed();
    assert.throws(() => drive(feed, readRequestHead(feed), [Buffer.from(bytes, 'latin1')]), WireError);
  });
}

function* readAllRequests(feed: ByteFeed): Reading<string[]> {
  const requests: string[] = [];
  for (;;) {
    const head = yield* readRequestHead(feed);
    if (head === undefined) return requests;
    const { method, target, version, body, headers } = yield* readRequestRest(feed, head);
    const names = headers.getAll('X-A').join('|') || headers.get('host');
    requests.push(`${method} ${target} ${version} ${body.toString()} ${names}`);
  }
}

/** Feeds the pieces and then the end of the connection. */
function drive<T>(feed: ByteFeed, reading: Reading<T>, pieces: readonly Buffer[]): T {
  let step = reading.next();
  for (const piece of pieces) {
    feed.append(piece);
    if (step.done !== true) step = reading.next();
  }
  feed.isEnded = true;
  if (step.done !== true) step = reading.next();
  assert.ok(step.done === true, 'the reader still waits after the end');
  return step.value;
}
