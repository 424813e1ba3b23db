// Which names are local, as a table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalName } from './local-name.ts';

const cases: readonly (readonly [host: string, isLocal: boolean])[] = [
  ['localhost', true],
  ['app.localhost', true],
  ['*.localhost', true],
  ['a.b.test', true],
  ['*.test', true],
  ['test', false],
  ['latest', false],
  ['localhost.example', false],
  ['notlocalhost', false],
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['128.0.0.1', false],
  ['[::1]', true],
  ['[::2]', false],
  ['*', false],
];

for (const [host, isLocal] of cases)
  test(`isLocalName: ${host} is ${isLocal ? '' : 'not '}local`, () => assert.equal(isLocalName(host), isLocal));
