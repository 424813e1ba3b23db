// Channels: subscribers hear what they subscribed to, with the objects themselves; nobody else pays.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type TestContext, test } from 'node:test';
import { atEnd } from '../../test/kit/at-end.ts';
import { testExchange, testReply } from '../../test/kit/exchange.ts';
import { CHANNEL_NAMES, channelObserver, publishConnectionClose, publishConnectionOpen } from './channels.ts';

function listen(context: TestContext, names: readonly string[]): [name: string, message: unknown][] {
  const heard: [string, unknown][] = [];
  const onMessage = (message: unknown, name: string | symbol) => void heard.push([String(name), message]);
  for (const name of names) {
    subscribe(name, onMessage);
    atEnd(context, () => unsubscribe(name, onMessage));
  }
  return heard;
}

test('every channel tells its message', (context) => {
  const heard = listen(context, Object.values(CHANNEL_NAMES));
  const exchange = testExchange();
  const { connection } = exchange;
  const { head } = testReply(204);
  publishConnectionOpen(connection);
  channelObserver.onOpen(exchange);
  channelObserver.onHead(exchange, head);
  channelObserver.onEnd(exchange, 204);
  publishConnectionClose(connection);
  assert.deepEqual(heard, [
    ['portico:connection:open', { connection }],
    ['portico:exchange:open', { exchange }],
    ['portico:exchange:head', { exchange, head }],
    ['portico:exchange:end', { exchange, status: 204 }],
    ['portico:connection:close', { connection }],
  ]);
  assert.equal((heard[1]?.[1] as { exchange: unknown }).exchange, exchange);
});

test('a subscriber of one channel hears nothing of the others', (context) => {
  const heard = listen(context, [CHANNEL_NAMES.exchangeEnd]);
  const exchange = testExchange();
  publishConnectionOpen(exchange.connection);
  channelObserver.onOpen(exchange);
  channelObserver.onEnd(exchange, 200);
  assert.deepEqual(
    heard.map(([name]) => name),
    [CHANNEL_NAMES.exchangeEnd],
  );
});

test('without subscribers nothing is made of an exchange: not even its id', () => {
  const exchange = new Proxy(testExchange(), {
    get(_target, name) {
      assert.fail(`touched ${String(name)}`);
    },
  });
  channelObserver.onOpen(exchange);
  channelObserver.onHead(exchange, testReply().head);
  channelObserver.onEnd(exchange, 200);
});
