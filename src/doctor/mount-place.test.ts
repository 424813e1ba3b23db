import assert from 'node:assert/strict';
import test from 'node:test';
import { behindBase, type Place, placeOf, spellingsOf } from './mount-place.ts';

const APP = {
  base: 'https://a.example/app/',
  backends: ['http://127.0.0.1:8080'],
  neighbours: ['/shop/', '/app/admin/', '/exact', '=/app/', '=/here/'],
};

const PLACES: readonly (readonly [url: string, place: Place])[] = [
  ['https://a.example/app/x', 'inside'],
  ['https://a.example/app', 'inside'],
  ['http://a.example/app/', 'elsewhere'],
  ['https://a.example/application', 'outside'],
  ['https://a.example/', 'outside'],
  ['https://a.example/shop/x', 'elsewhere'],
  ['https://a.example/shop', 'elsewhere'],
  ['https://a.example/exact', 'elsewhere'],
  ['https://a.example/here/', 'elsewhere'],
  ['https://a.example/here', 'outside'],
  ['https://a.example/app/', 'elsewhere'],
  ['https://a.example/exact/x', 'outside'],
  ['https://a.example/app/admin/x', 'elsewhere'],
  ['http://127.0.0.1:8080/app/', 'backend'],
  ['https://127.0.0.1:8080/', 'backend'],
  ['http://127.0.0.1:80801/', 'elsewhere'],
  ['http://127.0.0.1/', 'elsewhere'],
  ['mailto:a@a.example', 'elsewhere'],
  ['data:text/plain,x', 'elsewhere'],
  ['no url', 'elsewhere'],
];

for (const [url, place] of PLACES) test(`${url} is ${place}`, () => assert.equal(placeOf(url, APP), place));

test('a neighbour inside a mount at the root is not in it', () => {
  const place = { base: 'http://a/', backends: [], neighbours: ['/shop/'] };
  assert.deepEqual([placeOf('http://a/x', place), placeOf('http://a/shop/x', place)], ['inside', 'elsewhere']);
});

test('behindBase and spellingsOf', () => {
  assert.equal(behindBase('https://a.example/app/x?y', APP), '/x?y');
  assert.equal(behindBase('https://b/', APP), 'https://b/');
  assert.deepEqual(spellingsOf('http://localhost:1'), ['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1']);
  assert.deepEqual(spellingsOf('https://b.example'), ['https://b.example']);
});
