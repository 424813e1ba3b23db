// IP networks: what parses to what, what is refused and how it says so, what contains what.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { CidrList, containsIp, parseCidr, parseIp, printIp } from './cidr.ts';

const ADDRESSES: readonly [text: string, canonical: string | undefined][] = [
  ['127.0.0.1', '127.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8::00ff', '2001:db8::ff'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::ffff:a01:203', '10.1.2.3'],
  ['0:0:0:0:0:ffff:10.1.2.3', '10.1.2.3'],
  ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
  ['', undefined],
  ['1.2.3', undefined],
  ['1.2.3.4.5', undefined],
  ['1.2.3.256', undefined],
  ['01.2.3.4', undefined],
  ['0x7f.0.0.1', undefined],
  ['1.2.3.4 ', undefined],
  ['[::1]', undefined],
  [':::', undefined],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4::5:6:7:8', undefined],
  ['12345::', undefined],
  [':1', undefined],
  ['1:', undefined],
  ['1.2.3.4::', undefined],
  ['::1.2.3', undefined],
  ['localhost', undefined],
];

for (const [text, canonical] of ADDRESSES) {
  test(`parseIp ${JSON.stringify(text)} is ${canonical ?? 'refused'}`, () => {
    const octets = parseIp(text);
    assert.equal(octets && printIp(octets), canonical);
  });
}

const NETWORKS: readonly [network: string, address: string, isInside: boolean][] = [
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true],
  ['::ffff:10.0.0.0/104', '10.3.4.5', true],
  ['192.168.128.0/17', '192.168.128.1', true],
  ['192.168.128.0/17', '192.168.127.255', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '127.0.0.1', false],
  ['::/0', '2001:db8::1', true],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['fe80::/10', 'fe80::1%eth0', true],
];

for (const [network, address, isInside] of NETWORKS) {
  test(`${network} ${isInside ? 'contains' : 'does not contain'} ${address}`, () => {
    assert.equal(new CidrList([network]).contains(address), isInside);
  });
}

const REFUSED: readonly [text: string, message: RegExp][] = [
  ['10.0.0.1/8', /"10\.0\.0\.1\/8": write 10\.0\.0\.0\/8$/],
  ['2001:db8::1/32', /write 2001:db8::\/32$/],
  ['10.0.0.0/33', /prefix is a number from 0 to 32$/],
  ['::ffff:10.0.0.0/8', /prefix is a number from 96 to 128$/],
  ['10.0.0.0/', /prefix is a number/],
  ['10.0.0.0/08', /prefix is a number/],
  ['fe80::%eth0/10', /write an IP address/],
  ['localnet', /write an IP address/],
  ['', /write an IP address/],
];

for (const [text, message] of REFUSED) {
  test(`parseCidr ${JSON.stringify(text)} is refused with what to write`, () => {
    assert.throws(() => parseCidr(text), { name: 'SyntaxError', message });
  });
}

test('CidrList knows named networks and holds nothing when empty', () => {
  const list = new CidrList(['loopback', 'private']);
  for (const inside of ['127.9.9.9', '::1', '10.1.1.1', '172.31.0.1', 'fd00::1'])
    assert.ok(list.contains(inside), inside);
  for (const outside of ['172.32.0.1', '8.8.8.8', '2001:db8::1', '', 'localhost'])
    assert.ok(!list.contains(outside), outside);
  assert.ok(!new CidrList([]).contains('127.0.0.1'));
});

test('parseIp accepts what node:net accepts, and printIp is its inverse', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const octets = fc.oneof(
    fc.array(octet, { minLength: 4, maxLength: 4 }),
    fc.array(fc.oneof(fc.constant(0), octet), { minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(octets, (numbers) => {
      const printed = printIp(Uint8Array.from(numbers));
      assert.notEqual(isIP(printed), 0);
      const isMapped = numbers.length === 16 && numbers.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
      assert.deepEqual(parseIp(printed), Uint8Array.from(isMapped ? numbers.slice(12) : numbers));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.'), maxLength: 24 }), (text) => {
      assert.equal(parseIp(text) !== undefined, isIP(text) !== 0, text);
    }),
    { numRuns: 2000 },
  );
});

test('containsIp agrees with comparing the bits one by one', () => {
  const pair = fc.tuple(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.integer({ min: 0, max: 32 }),
  );
  fc.assert(
    fc.property(pair, ([base, ip, prefixBits]) => {
      const bits = (octets: Uint8Array) =>
        [...octets]
          .map((octet) => octet.toString(2).padStart(8, '0'))
          .join('')
          .slice(0, prefixBits);
      assert.equal(containsIp({ base, prefixBits }, ip), bits(base) === bits(ip));
    }),
  );
});
