import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseBaseUrl } from './base-url.ts';
import { MountMap } from './mount-map.ts';

const backends = [parseBaseUrl('http://127.0.0.1:8080'), parseBaseUrl('http://10.0.0.2:8080')];

describe('MountMap', () => {
  test('makes one map for each public origin', () => {
    const mount = new MountMap({ path: '/app', backends });
    const map = mount.forPublic('https', 'example.com');
    assert.equal(map.toPublic('/x'), '/app/x');
    assert.equal(map.toPublic('http://127.0.0.1:8080/x'), 'https://example.com/app/x');
    assert.equal(mount.forPublic('https', 'example.com'), map, 'remembered');
    assert.equal(
      mount.forPublic('http', 'example.com:81').toPublic('http://127.0.0.1:8080/x'),
      'http://example.com:81/app/x',
    );
  });

  test('knows every endpoint and all loopback names', () => {
    const map = new MountMap({ path: '/', backends }).forPublic('https', 'e');
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '10.0.0.2'])
      assert.equal(map.toPublic(`http://${host}:8080/x`), 'https://e/x', host);
    assert.equal(map.toPublic('http://10.0.0.3:8080/x'), 'http://10.0.0.3:8080/x');
    assert.equal(map.toBackend('https://e/x'), 'http://127.0.0.1:8080/x', 'the first endpoint');
  });

  test('lists what must not be left in any output', () => {
    const { backends: all } = new MountMap({
      path: '/',
      backends: [parseBaseUrl('http://localhost:1')],
      also: [parseBaseUrl('http://h')],
    });
    assert.deepEqual(
      all.map(({ host }) => host),
      ['localhost', '127.0.0.1', '[::1]', 'h'],
    );
  });

  test('a loopback name that was given comes first', () => {
    const map = new MountMap({ path: '/', backends: [parseBaseUrl('http://localhost:3000')] }).forPublic('https', 'e');
    assert.equal(map.toBackend('https://e/x'), 'http://localhost:3000/x');
    assert.equal(map.toPublic('http://127.0.0.1:3000/x'), 'https://e/x');
  });

  test('links to neighbours under the same origin', () => {
    const neighbours = [{ path: '/blog/', backends: [parseBaseUrl('http://127.0.0.1:9090')] }];
    const map = new MountMap({ path: '/app/', backends, neighbours }).forPublic('https', 'e');
    assert.equal(map.toPublic('http://localhost:9090/x'), 'https://e/blog/x');
  });

  test('forged Host headers do not fill the memory', () => {
    const mount = new MountMap({ path: '/app/', backends });
    const first = mount.forPublic('https', 'h0.example');
    for (let index = 1; index < 500; index++) mount.forPublic('https', `h${index}.example`);
    assert.notEqual(mount.forPublic('https', 'h0.example'), first, 'forgotten');
  });

  test('the latest used is kept', () => {
    const mount = new MountMap({ path: '/app/', backends });
    const kept = mount.forPublic('https', 'kept.example');
    for (let index = 0; index < 500; index++) {
      mount.forPublic('https', `h${index}.example`);
      mount.forPublic('https', 'kept.example');
    }
    assert.equal(mount.forPublic('https', 'kept.example'), kept);
  });

  test('refuses what cannot be mapped', () => {
    assert.throws(() => new MountMap({ path: '/app/', backends: [] }), RangeError);
    assert.throws(() => new MountMap({ path: 'app', backends }), SyntaxError);
    assert.throws(() => new MountMap({ path: '/', backends }).forPublic('https', 'a b'), SyntaxError);
  });
});
