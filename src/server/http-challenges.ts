// http-01 challenges (RFC 8555 §8.3): answered before anything else, for any host, while one is pending.
import { type ChallengeBoard, HTTP_CHALLENGE_PREFIX } from '../acme/challenges.ts';
import { bytesBody, emptyBody } from '../exchange/body.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Next, Reply } from '../exchange/handler.ts';
import type { Route } from '../exchange/route.ts';
import { HeaderList } from '../http/header-list.ts';

/** Whether a path is one that CAs ask for. */
export function isHttpChallenge(path: string): boolean {
  return path.startsWith(HTTP_CHALLENGE_PREFIX);
}

/** `route`, with the answer to a pending challenge before it. Backends that have challenges of their own get all others. */
export function withChallenges(route: Route, board: ChallengeBoard): Route {
  if (board.isIdle) return route;
  async function answerChallenge(exchange: Exchange, next: Next): Promise<Reply> {
    const { method, target } = exchange.request;
    const answer = method === 'GET' || method === 'HEAD' ? await board.findHttp(target.path) : undefined;
    if (answer === undefined) return route.handler(exchange, next);
    const headers = HeaderList.from({ 'Content-Type': 'application/octet-stream' });
    const body = method === 'HEAD' ? emptyBody : bytesBody(answer);
    return { head: { status: 200, reason: 'OK', headers }, body };
  }
  return { ...route, handler: answerChallenge };
}
