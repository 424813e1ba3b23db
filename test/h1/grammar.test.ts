// Replays the messages of test/h1/*.md through the engine: whole, at every two-way split, byte by byte; same events always.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyBody } from '../../src/exchange/body.ts';
import { DEFAULT_CONNECTION_LIMITS, DEFAULT_OUTBOUND_LIMITS } from '../../src/h1/limits.ts';
import { OutboundConnection } from '../../src/h1/outbound-connection.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { Connection } from '../../src/net/connection.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { splitsOf } from '../kit/every-split.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { feedPieces, playRequests, recordBody, recordHeaders } from '../kit/play-requests.ts';
import { projectRoot } from '../kit/project-root.ts';
import { streamPair } from '../kit/stream-pair.ts';

const FOLDER = join(projectRoot, 'test', 'h1');
const LIMITS = {
  ...DEFAULT_CONNECTION_LIMITS,
  headBytes: 2048,
  headerCount: 20,
  targetBytes: 200,
  chunkLineBytes: 64,
  bodyBytes: 4096,
};
const OUTBOUND_LIMITS = { ...DEFAULT_OUTBOUND_LIMITS, headBytes: 2048, headerCount: 20, chunkLineBytes: 64 };

interface Case {
  readonly name: string;
  readonly role: 'request' | 'response';
  /** The method that a response answers. */
  readonly method: string;
  readonly bytes: Buffer;
  /** Whether the peer ends its half behind the bytes. */
  readonly ends: boolean;
  readonly events: string;
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.md'))) {
  for (const example of readCases(readFileSync(join(FOLDER, file), 'utf8'))) {
    test(`${file}: ${example.name}`, { timeout: 120_000 }, async () => {
      for (const { label, pieces } of splitsOf(example.bytes, { randomSplits: 3 })) {
        const events =
          example.role === 'request'
            ? await playRequests(pieces, example.ends, LIMITS)
            : await playResponse(example, pieces);
        assert.equal(events.join('\n'), example.events, `split ${label}`);
      }
    });
  }
}

/**
 * A case is a heading, a block of bytes and a block of events:
 * in ```request or ```response METHOD a line ends in CRLF, `\n` before a line's end stands for a bare LF, `\r`, `\t`,
 * `\xHH` for their octets, a final `\` for no line end at all; `END` on the last line ends the connection there.
 */
function readCases(text: string): Case[] {
  return [
    ...text.matchAll(/^## (.+)\n[\s\S]*?```(request|response)(?: (\w+))?\n([\s\S]*?)```\n+```events\n([\s\S]*?)```/gm),
  ].map(([, name = '', role = '', method = 'GET', message = '', events = '']) => {
    const ends = message.endsWith('END\n');
    const body = ends ? message.slice(0, -4) : message;
    return { name, role: role as Case['role'], method, bytes: toBytes(body), ends, events: events.trimEnd() };
  });
}

function toBytes(text: string): Buffer {
  const wire = text.replaceAll('\n', '\r\n').replaceAll('\\\r\n', '').replaceAll('\\n\r\n', '\n');
  const octets = wire.replace(/\\(?:x([0-9a-f]{2})|([rnt0]))/gi, (_, hex: string | undefined, letter: string) =>
    hex === undefined
      ? ({ r: '\r', n: '\n', t: '\t', 0: '\0' }[letter] ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(octets, 'latin1');
}

async function playResponse(example: Case, pieces: readonly Buffer[]): Promise<string[]> {
  const events: string[] = [];
  const [ours, peer] = streamPair();
  peer.resume();
  const connection = Connection.overEvents(ours.asSocket, new Deadlines(new FakeClock()));
  const owner = { reusable: () => events.push('reusable'), gone: () => events.push('gone') };
  const outbound = new OutboundConnection(connection, owner, OUTBOUND_LIMITS);
  const request = { method: example.method, target: '/', headers: new HeaderList() };
  outbound.send(request, emptyBody, false, {
    interim: (head) => events.push(`interim ${head.status}`),
    reply: ({ head, body }) => {
      events.push(`response ${head.status} ${head.reason}`);
      recordHeaders(events, head.headers);
      recordBody(events, body, () => {});
    },
    failed: (error) => events.push(`failed ${error.code}`),
  });
  await feedPieces(peer, pieces, example.ends);
  outbound.destroy();
  return sortedTail(events);
}

/**
 * When a connection comes back, beside the end of the body, is not part of the contract: what became of it goes last.
 * One that was reusable until more bytes came is gone all the same.
 */
function sortedTail(events: string[]): string[] {
  const fate = events.includes('gone') ? 'gone' : 'reusable';
  return [...events.filter((event) => event !== 'reusable' && event !== 'gone'), fate];
}
