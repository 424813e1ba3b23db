// Changes headers on their way: of the request before it goes on, of the response before the client sees it.
import { mapReply } from '../../exchange/compose.ts';
import { failedRequest, renderError } from '../../exchange/error-reply.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { noteFailure } from '../../exchange/failure.ts';
import type { FeatureContext, FeatureInstance, FeatureLog } from '../../exchange/feature.ts';
import type { Handler, Next, Reply } from '../../exchange/handler.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import type { HeaderChanges, HeadersOptions } from './options.ts';

type Line = readonly [name: string, value: string];

/** Changes in the form in which they are applied. */
interface Changes {
  /** Lower-case names that go. */
  readonly removed: ReadonlySet<string>;
  readonly appended: readonly Line[];
}

/** Makes the handler of one mount. */
export function createHeaders({ request, response }: HeadersOptions, context: FeatureContext): FeatureInstance {
  const changeRequest = toChanges(request);
  const changeResponse = toChanges(response);
  const handle: Handler = function changeHeaders(exchange, next) {
    if (changeRequest !== undefined) apply(changeRequest, exchange.outbound.headers);
    return changeResponse === undefined ? next() : answerWith(changeResponse, exchange, next, context.log);
  };
  return { handle, explain: () => [...explain('request', request), ...explain('response', response)] };
}

/**
 * The answer of the rest of the chain, changed. A failure becomes its neutral page here and not further out, so that
 * the operator's headers (Strict-Transport-Security and the like) are on error pages too.
 */
function answerWith(changes: Changes, exchange: Exchange, next: Next, log: FeatureLog) {
  const change = (reply: Reply) => changeReply(changes, reply);
  const fail = (thrown: unknown): Reply => {
    const error = noteFailure(exchange, thrown, log);
    // Nobody is there to see a page.
    if (exchange.aborted !== undefined || error.code === 'client_gone') throw error;
    return change(renderError(error, failedRequest(exchange)));
  };
  try {
    return mapReply(next(), change, fail);
  } catch (thrown) {
    return fail(thrown);
  }
}

function changeReply(changes: Changes, reply: Reply): Reply {
  const { head } = reply;
  return { ...reply, head: { ...head, headers: changedList(changes, head.headers) } };
}

/** The same list gives the same changed list, so that what is derived from that one is kept too. */
function changedList(changes: Changes, headers: ReadonlyHeaderList): ReadonlyHeaderList {
  return headers.derive(changes, () => {
    const list = headers.toMutable();
    apply(changes, list);
    return list;
  });
}

function apply(changes: Changes, list: HeaderList): void {
  list.deleteAll(changes.removed);
  for (const [name, value] of changes.appended) list.append(name, value);
}

function toChanges(options: HeaderChanges | undefined): Changes | undefined {
  if (options === undefined) return undefined;
  const names = [...options.remove, ...Object.keys(options.set)];
  const lines = [...Object.entries(options.set), ...Object.entries(options.add)];
  return {
    removed: new Set(names.map((name) => name.toLowerCase())),
    appended: lines.flatMap(([name, values]) => values.map((value): Line => [name, value])),
  };
}

function explain(side: string, options: HeaderChanges | undefined): string[] {
  if (options === undefined) return [];
  const lines = options.remove.map((name) => `removes ${name} from the ${side}`);
  for (const name of Object.keys(options.set)) lines.push(`sets ${name} of the ${side}`);
  for (const name of Object.keys(options.add)) lines.push(`adds ${name} to the ${side}`);
  return lines;
}
