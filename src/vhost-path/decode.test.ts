// Reading forms: the observed tables of both dialects, strictly and in compat mode, and what holds for every form.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTable } from '../../test/kit/table.ts';
import { decodeVhostTarget, type VhostDecoding } from './decode.ts';
import { vhostForm } from './dialects.ts';
import { encodeVhostTarget } from './encode.ts';
import { type PublicAddress, printOrigin } from './public-address.ts';

const own: PublicAddress = { scheme: 'http', host: 'own.example', port: 8080, prefix: '' };

for (const [target = '', strict, compat] of readTable('vhost-path/nevow-forms.txt', 3)) {
  test(`nevow ${target} is ${strict}, in compat mode ${compat}`, () => {
    assert.equal(showNevow(decodeVhostTarget(vhostForm(), target, own)), strict);
    assert.equal(showNevow(decodeVhostTarget(vhostForm({ compat: true }), target, own)), compat);
  });
}

for (const [target = '', strict, compat] of readTable('vhost-path/zope-forms.txt', 3)) {
  test(`zope ${target} is ${strict}, in compat mode ${compat}`, () => {
    assert.equal(showZope(decodeVhostTarget(vhostForm({ dialect: 'zope' }), target, own)), strict);
    assert.equal(showZope(decodeVhostTarget(vhostForm({ dialect: 'zope', compat: true }), target, own)), compat);
  });
}

test('a form below another mount is read, the default one then is an ordinary path', () => {
  const form = vhostForm({ mount: '/_public' });
  assert.equal(showNevow(decodeVhostTarget(form, '/_public/https/h:443/a', own)), 'https://h/a');
  assert.equal(showNevow(decodeVhostTarget(form, '/vhost/https/h:443/a', own)), 'none');
});

const target = fc
  .tuple(
    fc.array(fc.string({ unit: fc.constantFrom(...'abV_-.~%2F;=@:'), maxLength: 6 }), { maxLength: 5 }),
    fc.option(fc.string({ unit: fc.constantFrom(...'ab=&?/%20'), maxLength: 8 }), { nil: undefined }),
  )
  .map(([segments, query]) => `/${segments.join('/')}${query === undefined ? '' : `?${query}`}`);
const host = fc.constantFrom('h', 'www.example.com', '[2001:db8::1]', '192.0.2.1', 'under_score.example');
const address = fc.record({
  scheme: fc.constantFrom('http' as const, 'https' as const),
  host,
  port: fc.constantFrom(80, 443, 8080, 1, 65_535),
  prefix: fc.constantFrom('', '/app', '/a/b'),
});

test('what the front writes the backend reads as it was', () => {
  fc.assert(
    fc.property(address, target, fc.constantFrom('nevow' as const, 'zope' as const), (given, path, dialect) => {
      const form = vhostForm({ dialect });
      const wanted = dialect === 'nevow' ? { ...given, prefix: '' } : given;
      const innerPath = dialect === 'nevow' ? '' : '/root';
      const encoded = encodeVhostTarget(form, wanted, path, innerPath);
      if ('refusal' in encoded) return;
      assert.deepEqual(decodeVhostTarget(form, encoded.target, own), {
        kind: 'decoded',
        address: { ...wanted },
        target: innerPath + path,
        publicTarget: wanted.prefix + path,
      });
    }),
    { numRuns: 2000 },
  );
});

test('no octets make a decoder throw, hand out a control, or leave the path without its slash', () => {
  const wild = fc.string({ unit: fc.constantFrom(...'/vhostpVirtualHBaseR_:.%0d@[]*?'), maxLength: 60 });
  const lead = fc.constantFrom('/', '/vhost/', '/vhost/http/', '/VirtualHostBase/http/', '/VirtualHostRoot/');
  const forms = [true, false].flatMap((compat) => [vhostForm({ compat }), vhostForm({ dialect: 'zope', compat })]);
  fc.assert(
    fc.property(lead, wild, (start, rest) => {
      for (const form of forms) {
        const decoding = decodeVhostTarget(form, start + rest, own);
        if (decoding.kind !== 'decoded') continue;
        assert.match(decoding.target, /^\//);
        assert.match(decoding.publicTarget, /^\//);
        assert.doesNotMatch(printOrigin(decoding.address), /[^\x21-\x7e]/);
      }
    }),
    { numRuns: 3000 },
  );
});

function showNevow(decoding: VhostDecoding): string {
  if (decoding.kind !== 'decoded') return decoding.kind === 'none' ? 'none' : '400';
  assert.equal(decoding.publicTarget, decoding.target);
  return printOrigin(decoding.address) + decoding.target;
}

function showZope(decoding: VhostDecoding): string {
  if (decoding.kind !== 'decoded') return decoding.kind === 'none' ? 'none' : '400';
  return `${printOrigin(decoding.address)} ${decoding.publicTarget} ${decoding.target.slice(1)}`.trimEnd();
}
