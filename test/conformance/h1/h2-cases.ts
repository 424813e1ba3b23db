// The corpus for an HTTP/2 front: attacks on the translation to HTTP/1.1, and the cases of cases.json told in HTTP/2.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, FLAG, FRAME, fieldBlock, frame, headers, PREFACE, settings } from '../../kit/h2-frames.ts';
import { corpusFolder } from './run-corpus.ts';

/** A case in the format of run-cases.py. */
export interface CorpusCase {
  readonly id: string;
  readonly group: string;
  readonly expect: string;
  readonly [key: string]: unknown;
}

const HOST = 'conf.test';
/** No server push, and no dynamic table, so that the runner reads `:status` without one. */
const BEGINNING = Buffer.concat([PREFACE, settings([2, 0], [1, 0])]);

/** Every case for an HTTP/2 front. */
export function http2Cases(): CorpusCase[] {
  return [...ownCases(), ...floods(), ...translatedCases()];
}

function ownCases(): CorpusCase[] {
  return [
    ...FORWARDED.map(([id, upstream, make]) => one(id, 'forward', make(`/c/${id}`), { upstream })),
    ...REFUSED_HEADS.map(([id, make]) => one(id, 'h2-error', [headers(1, make(`/c/${id}`))])),
    ...REFUSED_BODIES.map(([id, make]) => one(id, 'h2-error', make(`/c/${id}`))),
    ...NEUTRALISED.map(([id, more]) => one(id, 'any-safe', [headers(1, request('GET', `/c/${id}`, more))])),
    ...TUNNELS.map(([id, expect, status, response]) => tunnelCase(id, expect, status, response)),
  ];
}

function one(id: string, expect: string, frames: readonly Buffer[], more: object = {}): CorpusCase {
  return { id, group: 'h2', proto: 'h2', expect, raw: latin1(frames), ...more };
}

function latin1(frames: readonly Buffer[]): string {
  return Buffer.concat([BEGINNING, ...frames]).toString('latin1');
}

function request(method: string, path: string, more: Fields = [], authority = HOST): Fields {
  return [[':method', method], [':scheme', 'http'], [':authority', authority], [':path', path], ...more];
}

const get = (path: string, more: Fields = []): Fields => request('GET', path, more);
const post = (path: string, more: Fields = []): Buffer => headers(1, request('POST', path, more), 0);
const data = (content: string, flags: number = FLAG.endStream): Buffer => frame(FRAME.data, flags, 1, content);
const smuggled = (id: string) => `GET /smuggled/${id} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

/** What is right, and what must come of it upstream. */
const FORWARDED: readonly (readonly [id: string, upstream: object, make: (path: string) => readonly Buffer[]])[] = [
  ['h2-get', { method: 'GET', target: '/c/h2-get', host: HOST, framing: 'none' }, (path) => [headers(1, get(path))]],
  ['h2-query', { target: '/c/h2-query?a=b%20c' }, (path) => [headers(1, get(`${path}?a=b%20c`))]],
  [
    'h2-host-instead-of-authority',
    { host: HOST, lines: { host: 1 } },
    (path) => [headers(1, [...get(path).filter(([name]) => name !== ':authority'), ['host', HOST]])],
  ],
  ['h2-host-and-authority', { host: HOST, lines: { host: 1 } }, (path) => [headers(1, get(path, [['host', HOST]]))]],
  [
    'h2-body-with-length',
    { body: 'hello', framing: 'cl', cl: '5' },
    (path) => [post(path, [['content-length', '5']]), data('hello')],
  ],
  ['h2-body-without-length', { body: 'hello', framing: 'te' }, (path) => [post(path), data('hello')]],
  [
    'h2-body-in-pieces',
    { body: 'hello' },
    (path) => [post(path, [['content-length', '5']]), data('he', 0), data('', 0), data('llo', 0), data('')],
  ],
  ['h2-body-is-a-request', { body: smuggled('h2-x') }, (path) => [post(path), data(smuggled('h2-x'))]],
  [
    'h2-body-is-a-last-chunk',
    { body: `0\r\n\r\n${smuggled('h2-y')}` },
    (path) => [post(path), data(`0\r\n\r\n${smuggled('h2-y')}`)],
  ],
  [
    'h2-padded',
    { body: 'hello' },
    (path) => [post(path), frame(FRAME.data, FLAG.endStream | FLAG.padded, 1, '\x03hello\0\0\0')],
  ],
  [
    'h2-cookie-crumbs',
    { lines: { cookie: 1 }, has: { cookie: '^a=1; b=2; c=3$' } },
    (path) => [
      headers(
        1,
        get(path, [
          ['cookie', 'a=1'],
          ['cookie', 'b=2; c=3'],
        ]),
      ),
    ],
  ],
  [
    'h2-continuation',
    { has: { 'x-last': '^1$' } },
    (path) => [
      frame(FRAME.headers, FLAG.endStream, 1, fieldBlock(get(path))),
      frame(FRAME.continuation, 0, 1, fieldBlock([['x-first', '1']])),
      frame(FRAME.continuation, FLAG.endHeaders, 1, fieldBlock([['x-last', '1']])),
    ],
  ],
  [
    'h2-priority',
    { method: 'GET' },
    (path) => [
      frame(FRAME.priority, 0, 1, '\0\0\0\0\x10'),
      frame(FRAME.headers, 0x25, 1, Buffer.concat([Buffer.alloc(4), Buffer.from([16]), fieldBlock(get(path))])),
    ],
  ],
  ['h2-te-trailers', { lacks: ['transfer-encoding'] }, (path) => [headers(1, get(path, [['te', 'trailers']]))]],
  ['h2-unknown-frame', { method: 'GET' }, (path) => [frame(0xbe, 0xff, 1, 'grease'), headers(1, get(path))]],
  [
    'h2-trailers',
    { body: 'hello', trailers_lack: ['content-length', 'host', 'te'] },
    (path) => [post(path), data('hello', 0), headers(1, [['x-sum', '1']])],
  ],
  [
    'h2-x-forwarded-is-ours',
    { not_match: { 'x-forwarded-for': '6\\.6\\.6\\.6', 'x-forwarded-host': 'evil' } },
    (path) => [
      headers(
        1,
        get(path, [
          ['x-forwarded-for', '6.6.6.6'],
          ['x-forwarded-host', 'evil.test'],
          ['forwarded', 'for=6.6.6.6'],
        ]),
      ),
    ],
  ],
];

/** Heads that end in 4xx or an error of the stream (RFC 9113 §8.1.1). */
const REFUSED_HEADS: readonly (readonly [id: string, make: (path: string) => Fields])[] = [
  ['h2-te-chunked-get', (path) => get(path, [['transfer-encoding', 'chunked']])],
  ['h2-te-identity', (path) => get(path, [['transfer-encoding', 'identity']])],
  ['h2-connection', (path) => get(path, connection('connection', 'x-hop-leak'))],
  ['h2-proxy-connection', (path) => get(path, connection('proxy-connection', 'x-hop-leak'))],
  ['h2-keep-alive', (path) => get(path, [['keep-alive', 'timeout=5']])],
  ['h2-upgrade', (path) => get(path, [['upgrade', 'h2c']])],
  ['h2-te-other', (path) => get(path, [['te', 'trailers, deflate']])],
  ['h2-upper-case', (path) => get(path, [['X-Upper', '1']])],
  ['h2-upper-case-te', (path) => get(path, [['Transfer-Encoding', 'chunked']])],
  ['h2-upper-case-host', (path) => get(path, [['Host', HOST]])],
  ['h2-pseudo-last', (path) => [...without(path, ':path'), ['x-a', '1'], [':path', path]]],
  ['h2-pseudo-twice', (path) => [...get(path), [':path', '/smuggled/h2-pseudo-twice']]],
  ['h2-method-twice', (path) => [...get(path), [':method', 'POST']]],
  ['h2-authority-twice', (path) => [...get(path), [':authority', 'evil.test']]],
  ['h2-pseudo-of-responses', (path) => [[':status', '200'], ...get(path)]],
  ['h2-pseudo-unknown', (path) => [...get(path), [':host', HOST]]],
  ['h2-no-method', (path) => without(path, ':method')],
  ['h2-no-scheme', (path) => without(path, ':scheme')],
  ['h2-no-path', (path) => without(path, ':path')],
  ['h2-no-authority', (path) => without(path, ':authority')],
  ['h2-empty-authority', (path) => request('GET', path, [], '')],
  ['h2-method-splits', (path) => request(`GET /smuggled/m HTTP/1.1\r\nHost: ${HOST}\r\n\r\nGET`, path)],
  ['h2-method-space', (path) => request('GET /smuggled/m', path)],
  ['h2-method-empty', (path) => request('', path)],
  ['h2-path-splits', (path) => get(`${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${smuggled('h2-path-splits')}`)],
  ['h2-path-space-version', (path) => get(`${path} HTTP/1.1`)],
  ['h2-path-lf', (path) => get(`${path}\nX-Evil: 1`)],
  ['h2-path-tab', (path) => get(`${path}\tx`)],
  ['h2-path-nul', (path) => get(`${path}\0x`)],
  ['h2-path-fragment', (path) => get(`${path}#x`)],
  ['h2-path-absolute', () => get(`http://${HOST}/smuggled/h2-path-absolute`)],
  ['h2-path-authority', () => get(`${HOST}/smuggled/h2-path-authority`)],
  ['h2-path-at', () => get('@evil.test/smuggled/h2-path-at')],
  ['h2-path-empty', () => get('')],
  ['h2-path-asterisk', () => get('*')],
  ['h2-path-dots', () => get('/c/../smuggled/h2-path-dots')],
  ['h2-path-encoded-dots', () => get('/c/%2e%2e/smuggled/h2-path-encoded-dots')],
  ['h2-scheme-splits', (path) => scheme(path, `http://${HOST}/smuggled/s?`)],
  ['h2-scheme-crlf', (path) => scheme(path, 'http\r\nx-evil: 1')],
  ['h2-scheme-ftp', (path) => scheme(path, 'ftp')],
  ['h2-authority-splits', (path) => request('GET', path, [], `${HOST}\r\n\r\n${smuggled('h2-authority-splits')}`)],
  ['h2-authority-space', (path) => request('GET', path, [], `${HOST} evil.test`)],
  ['h2-authority-slash', (path) => request('GET', path, [], `${HOST}/smuggled/`)],
  ['h2-authority-query', (path) => request('GET', path, [], `${HOST}?x`)],
  ['h2-authority-userinfo', (path) => request('GET', path, [], `evil.test:80@${HOST}`)],
  ['h2-authority-port', (path) => request('GET', path, [], `${HOST}:99999`)],
  ['h2-host-differs', (path) => get(path, [['host', 'evil.test']])],
  ['h2-host-port-differs', (path) => get(path, [['host', `${HOST}:81`]])],
  [
    'h2-hosts',
    (path) =>
      get(path, [
        ['host', HOST],
        ['host', HOST],
      ]),
  ],
  ['h2-length-of-nothing', (path) => request('POST', path, [['content-length', '5']])],
  [
    'h2-length-twice',
    (path) =>
      request('POST', path, [
        ['content-length', '0'],
        ['content-length', '0'],
      ]),
  ],
  ['h2-expectation', (path) => get(path, [['expect', '200-ok']])],
  ['h2-connect-with-path', (path) => request('CONNECT', path)],
  [
    'h2-connect',
    () => [
      [':method', 'CONNECT'],
      [':authority', `${HOST}:443`],
    ],
  ],
  ['h2-protocol-without-connect', (path) => [...get(path).slice(0, 4), [':protocol', 'websocket']]],
  ['h2-protocol-unknown', (path) => [...request('CONNECT', path).slice(0, 4), [':protocol', 'connect-tcp']]],
  ['h2-protocol-splits', (path) => [...request('CONNECT', path).slice(0, 4), [':protocol', 'websocket\r\nx: y']]],
];

function without(path: string, name: string): Fields {
  return get(path).filter(([one]) => one !== name);
}

function connection(name: string, value: string): Fields {
  return [
    [name, value],
    ['x-hop-leak', '1'],
  ];
}

function scheme(path: string, value: string): Fields {
  return [
    [':method', 'GET'],
    [':scheme', value],
    [':authority', HOST],
    [':path', path],
  ];
}

/** Bodies that are not what the head or the frames say: H2.CL and H2.TE, and content in the wrong place. */
const REFUSED_BODIES: readonly (readonly [id: string, make: (path: string) => readonly Buffer[]])[] = [
  ['h2-cl-zero', (path) => [post(path, [['content-length', '0']]), data(smuggled('h2-cl-zero'))]],
  ['h2-cl-short', (path) => [post(path, [['content-length', '3']]), data(`abc${smuggled('h2-cl-short')}`)]],
  [
    'h2-cl-short-in-pieces',
    (path) => [post(path, [['content-length', '3']]), data('abc', 0), data(smuggled('h2-cl-pieces'))],
  ],
  ['h2-cl-long', (path) => [post(path, [['content-length', '100']]), data('abc')]],
  ['h2-cl-long-get', (path) => [headers(1, get(path, [['content-length', '5']]), 0), data('')]],
  ...['+3', '-3', '3,3', '0x3', '3 3', '3;', '03x', '1e0', '', '99999999999999999999'].map(
    (value, index) =>
      [`h2-cl-value-${index}`, (path: string) => [post(path, [['content-length', value]]), data('abc')]] as const,
  ),
  [
    'h2-te-chunked',
    (path) => [post(path, [['transfer-encoding', 'chunked']]), data(`0\r\n\r\n${smuggled('h2-te-chunked')}`)],
  ],
  [
    'h2-te-and-cl',
    (path) => [
      post(path, [
        ['content-length', '5'],
        ['transfer-encoding', 'chunked'],
      ]),
      data('0\r\n\r\n'),
    ],
  ],
  ['h2-trailer-pseudo', (path) => [post(path), data('x', 0), headers(1, [[':path', '/smuggled/t']])]],
  ['h2-trailer-te', (path) => [post(path), data('x', 0), headers(1, [['transfer-encoding', 'chunked']])]],
  ['h2-trailer-upper', (path) => [post(path), data('x', 0), headers(1, [['X-T', '1']])]],
  ['h2-trailers-go-on', (path) => [post(path), data('x', 0), headers(1, [['x-t', '1']], 0), data('y')]],
];

/**
 * Lines that HTTP/1.1 cannot carry, or could read otherwise: whatever becomes of the request, the invariants of the runner
 * say that nothing of them goes on.
 */
const NEUTRALISED: readonly (readonly [id: string, more: Fields])[] = [
  ['h2-value-crlf', [['x-a', `b\r\nX-Evil: 1\r\n\r\n${smuggled('h2-value-crlf')}`]]],
  ['h2-value-lf', [['x-a', `b\n\n${smuggled('h2-value-lf')}`]]],
  ['h2-value-cr', [['x-a', 'b\rtransfer-encoding: chunked']]],
  ['h2-value-nul', [['x-a', 'b\0c']]],
  ['h2-name-crlf', [[`x: y\r\n\r\n${smuggled('h2-name-crlf').toLowerCase()}x`, '1']]],
  ['h2-name-colon', [['transfer-encoding: chunked', 'x']]],
  ['h2-name-space', [['transfer-encoding ', 'chunked']]],
  ['h2-name-tab', [['transfer-encoding\t', 'chunked']]],
  ['h2-name-empty', [['', 'x']]],
  ['h2-name-nul', [['x\0', '1']]],
  [
    'h2-cookie-crlf',
    [
      ['cookie', 'a=1'],
      ['cookie', `b=2\r\n\r\n${smuggled('h2-cookie-crlf')}`],
    ],
  ],
  ['h2-value-spaces', [['x-a', '  b  ']]],
  [
    'h2-underscores',
    [
      ['transfer_encoding', 'chunked'],
      ['content_length', '7'],
    ],
  ],
];

/** WebSockets (RFC 8441) whose upstream does not switch: the bytes behind the head must not reach it as requests. */
const TUNNELS: readonly (readonly [id: string, expect: string, status: number, response: string])[] = [
  ['h2-ws-refused', 'no-tunnel', 403, 'HTTP/1.1 403 Forbidden\r\nX-Backend: conf\r\nContent-Length: 2\r\n\r\nno'],
  ['h2-ws-ok-is-no-switch', 'no-tunnel', 502, 'HTTP/1.1 200 OK\r\nX-Backend: conf\r\nContent-Length: 2\r\n\r\nno'],
  ['h2-ws-wrong-accept', 'no-tunnel', 502, switching('AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
  ['h2-ws-no-accept', 'no-tunnel', 502, 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
];

function switching(accept: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nX-Backend: conf\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

function tunnelCase(id: string, expect: string, status: number, response: string): CorpusCase {
  const head = [
    ...request('CONNECT', `/c/${id}`).slice(0, 4),
    [':protocol', 'websocket'] as const,
    ['sec-websocket-version', '13'] as const,
  ];
  const frames = [headers(1, head, 0), frame(FRAME.data, 0, 1, smuggled(id))];
  const steps = [{ send: response }, ...(response.includes(' 101 ') ? [{ tunnel: true }] : [])];
  return one(id, expect, frames, { backend: { steps, on: 'head', repeat: true }, client: { status } });
}

/** The bounded floods that the runner builds. */
function floods(): CorpusCase[] {
  const flood = (kind: string, n: number, more: object = {}): CorpusCase => ({
    id: `h2-flood-${kind}`,
    group: 'h2-floods',
    proto: 'h2',
    expect: 'h2-throttled',
    gen: { kind, n, path: `/c/h2-flood-${kind}` },
    max_upstream: 300,
    ...more,
  });
  return [
    flood('rapid-reset', 4000),
    flood('made-you-reset', 4000),
    flood('continuation', 2000),
    flood('continuation-empty', 20_000),
    flood('ping', 20_000),
    flood('settings', 20_000),
    flood('empty-data', 20_000),
    flood('hpack-bomb', 12_000, { expect: 'h2-error' }),
  ];
}

/** What the cases of cases.json become that consist of one request. */
function translatedCases(): CorpusCase[] {
  // It is ours.
  const cases = JSON.parse(readFileSync(join(corpusFolder, 'cases.json'), 'utf8')) as CorpusCase[];
  return cases.flatMap((original) => translate(original) ?? []);
}

function translate(original: CorpusCase): CorpusCase | undefined {
  const { raw, backend } = original;
  const read = typeof raw === 'string' ? readRequest(raw) : undefined;
  if (read === undefined) return undefined;
  const frames = [headers(1, read.fields, read.content === '' ? FLAG.endStream : 0)];
  if (read.content !== '') frames.push(data(read.content));
  const { id, client, timeout } = original;
  return {
    ...one(`h2-of-${id}`, expectationFor(original, read.fields), frames),
    group: 'h2-translated',
    // The path stays, by which the backend knows the script.
    ...(backend === undefined ? {} : { backend: { path: `/c/${id}`, ...(backend as object) } }),
    ...(client === undefined ? {} : { client }),
    ...(timeout === undefined ? {} : { timeout }),
    accept: original['accept'] ?? [],
    tolerate: original['tolerate'] ?? [],
  };
}

/** Of answers the same is demanded as before HTTP/1.1; of requests that they are refused where RFC 9113 says so. */
function expectationFor({ backend, expect, id }: CorpusCase, fields: Fields): string {
  if (backend !== undefined) return id === 'ex-1xx-to-http10' ? 'any-safe' : expect;
  return isForbidden(fields) ? 'h2-error' : 'any-safe';
}

/** RFC 9113 §8.2.2 and §8.3.1, as far as it takes no doubt. */
function isForbidden(fields: Fields): boolean {
  const names = fields.map(([name]) => name);
  const textOf = (name: string) => fields.find(([one]) => one === name)?.[1] ?? '';
  const isOfConnection = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];
  return (
    names.some((name) => isOfConnection.includes(name)) ||
    names.filter((name) => name === 'host').length > 1 ||
    /[^\x21-\x7e]/.test(textOf(':path')) ||
    (!textOf(':path').startsWith('/') && textOf(':path') !== '*')
  );
}

/** The first request of an HTTP/1.1 stream, with its names in lower case; undefined for what has no request line. */
function readRequest(raw: string): { fields: Fields; content: string } | undefined {
  const text = raw.replace(/^(?:\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const parts = line.split(' ');
  if (end < 0 || parts.length < 3) return undefined;
  const rest: [string, string][] = lines.map((one) => {
    const colon = one.indexOf(':');
    return colon < 0
      ? [one.toLowerCase(), '']
      : [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).replace(/^ /, '')];
  });
  const host = rest.findIndex(([name]) => name === 'host');
  const authority: [string, string][] = host < 0 ? [] : [[':authority', rest.splice(host, 1)[0]?.[1] ?? '']];
  const path = parts.slice(1, -1).join(' ');
  return {
    fields: [[':method', parts[0] ?? ''], [':scheme', 'http'], ...authority, [':path', path], ...rest],
    content: text.slice(end + 4),
  };
}
