// Headers in options: which names and values an operator may write, and what is said about the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakesOf } from '../../test/kit/schema.ts';
import { headerNameOption, headerValueOption } from './header-options.ts';

test('headerNameOption: names that may be changed', () => {
  for (const name of ['X-Frame-Options', 'set-cookie', 'Server', 'Cache-Control', 'Date', 'x_y'])
    for (const side of ['request', 'response'] as const)
      assert.deepEqual(mistakesOf(headerNameOption(side), name), [], name);
  assert.deepEqual(mistakesOf(headerNameOption('response'), 'Via'), []);
});

test('headerNameOption: names that would break a message, or have no effect', () => {
  for (const side of ['request', 'response'] as const) {
    for (const name of [
      'Content-Length',
      'TRANSFER-ENCODING',
      'connection',
      'Keep-Alive',
      'Upgrade',
      'TE',
      'Trailer',
      'Proxy-Connection',
      'HTTP2-Settings',
    ])
      assert.match(mistakesOf(headerNameOption(side), name).join(), /set by the server alone/, name);
    for (const name of ['', 'a b', 'a:', ':path', 'ä', 'a\r\nb'])
      assert.match(mistakesOf(headerNameOption(side), name).join(), /name of a header/, name);
  }
  assert.match(mistakesOf(headerNameOption('response'), 'Content-Encoding').join(), /breaks the body/);
  assert.match(mistakesOf(headerNameOption('request'), 'Host').join(), /"host: public"/);
  for (const name of ['X-Forwarded-For', 'forwarded', 'Via', 'Expect'])
    assert.match(mistakesOf(headerNameOption('request'), name).join(), /set by the proxy/, name);
});

test('headerValueOption', () => {
  const schema = headerValueOption();
  for (const value of ['', 'a', 'a b\tc', 'ä', '"quoted"']) assert.equal(schema.parse(value), value);
  assert.equal(schema.parse(5), '5');
  for (const value of ['a\r\nb', 'a\nb', '\0', ' a', 'a ', '€', '\x7f', true, null])
    assert.notDeepEqual(mistakesOf(schema, value), [], String(value));
});
