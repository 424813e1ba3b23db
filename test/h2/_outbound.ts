// An upstream whose endpoint is a server of raw frames, and the frames that such a server sends most.
import type { Owner } from '../kit/at-end.ts';
import { createUpstream, type EndpointWishes, send } from '../kit/endpoints.ts';
import {
  CODE,
  type Fields,
  FLAG,
  FRAME,
  type FramePeer,
  fieldBlock,
  frame,
  headers,
  number32,
  startFrames,
} from '../kit/h2-frames.ts';

export const LIMIT = { timeout: 120_000 };
export const OK: Fields = [[':status', '200']];
/** A parameter of SETTINGS (RFC 9113 §6.5.2). */
export const MAX_STREAMS = 3;
export const LAST_STREAM_ID = 2 ** 31 - 1;

export async function start(owner: Owner, first?: readonly Buffer[], wishes?: EndpointWishes) {
  const server = await startFrames(owner, first);
  const { upstream, endpoint } = createUpstream(owner, 'h2', server.port, wishes);
  return { server, endpoint, send: (request?: Parameters<typeof send>[1]) => send(upstream, request) };
}

/** How many requests came on a connection. */
export function requestCount({ frames }: FramePeer): number {
  return frames.filter(({ type }) => type === FRAME.headers).length;
}

export function untilRequests(peer: FramePeer, count: number): Promise<void> {
  return peer.until(`${count} requests`, () => requestCount(peer) >= count);
}

export function goaway(lastStream: number, code: number = CODE.none): Buffer {
  return frame(FRAME.goaway, 0, 0, Buffer.concat([number32(lastStream), number32(code)]));
}

/** The code of the first GOAWAY that came. */
export async function goawayCode(peer: FramePeer): Promise<number> {
  return (await peer.frame(FRAME.goaway)).payload.readUInt32BE(4);
}

export async function resetCode(peer: FramePeer, stream: number): Promise<number> {
  return (await peer.frame(FRAME.reset, stream)).payload.readUInt32BE(0);
}

/** A header block in as many frames as it takes, with END_STREAM. */
export function largeHead(stream: number, fields: Fields): Buffer {
  const block = fieldBlock(fields);
  const frames: Buffer[] = [];
  for (let start = 0; start < block.length; start += 16_384) {
    const isLast = start + 16_384 >= block.length;
    const flags = (start === 0 ? FLAG.endStream : 0) | (isLast ? FLAG.endHeaders : 0);
    frames.push(
      frame(start === 0 ? FRAME.headers : FRAME.continuation, flags, stream, block.subarray(start, start + 16_384)),
    );
  }
  return Buffer.concat(frames);
}

export function reset(stream: number, code: number): Buffer {
  return frame(FRAME.reset, 0, stream, number32(code));
}

export function content(stream: number, text: string | Buffer, flags = 0): Buffer {
  return frame(FRAME.data, flags, stream, text);
}

/** Waits until everything that was sent has been read. */
export async function untilSeen(peer: FramePeer): Promise<void> {
  const answers = () => peer.frames.filter(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack).length;
  const before = answers();
  await peer.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await peer.until('the answer to a PING', () => answers() > before);
}

/** Answers the request on a stream when it is there. */
export async function answerNext(peer: FramePeer, stream: number): Promise<void> {
  await peer.frame(FRAME.headers, stream);
  await peer.send(headers(stream, OK));
}

/** Lets everything that is under way on this machine go on. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
