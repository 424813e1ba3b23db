// Forwarded: the examples of RFC 7239, what lighttpd sends, what is refused whole, printing as the inverse of parsing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseForwarded, parseForwardedNode, printForwarded, printForwardedNode } from './forwarded.ts';

const PARSED: readonly [value: string, elements: readonly Record<string, string>[]][] = [
  ['for="_gazonk"', [{ for: '_gazonk' }]],
  ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
  ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
  ['for=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
  [
    'for="9.9.9.9", for="[2001:db8::1]", for=127.0.0.1;by="127.0.0.1:18083";proto=http;host="fwd.example"',
    [
      { for: '9.9.9.9' },
      { for: '[2001:db8::1]' },
      { for: '127.0.0.1', by: '127.0.0.1:18083', proto: 'http', host: 'fwd.example' },
    ],
  ],
  ['host="a;b,c\\"d"; proto=https', [{ host: 'a;b,c"d', proto: 'https' }]],
  ['for=unknown;;secret=x;', [{ for: 'unknown' }]],
  [', for=1.1.1.1 ,', [{ for: '1.1.1.1' }]],
];

for (const [value, elements] of PARSED) {
  test(`parseForwarded ${value}`, () => {
    const present = parseForwarded(value)?.map((element) =>
      Object.fromEntries(Object.entries(element).filter(([, text]) => text !== undefined)),
    );
    assert.deepEqual(present, elements);
  });
}

const REFUSED = [
  '',
  ' , ',
  'for',
  'for=',
  'for=[::1]',
  'for=1.1.1.1:80',
  'for="open',
  'for=a;for=b',
  'for=a;FOR=b',
  'for = a',
  'for=a b',
  'for="a"b',
  'for=1.1.1.1, host=a/b',
  'for="a\r\nb"',
];

for (const value of REFUSED) {
  test(`parseForwarded refuses ${JSON.stringify(value)}`, () => assert.equal(parseForwarded(value), undefined));
}

test('parseForwarded is linear in what it refuses', { timeout: 120_000 }, () => {
  for (const part of ['"\\"', ' ', 'a="\\"', ';', 'a'])
    assert.equal(parseForwarded(`for="${part.repeat(1_000_000)}\x7e"~"`), undefined);
});

const NODES: readonly [text: string, expected: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1 address -'],
  ['192.0.2.1:80', '192.0.2.1 address 80'],
  ['[2001:db8::1]', '2001:db8::1 address -'],
  ['[2001:db8::1]:_p.1', '2001:db8::1 address _p.1'],
  ['Unknown', 'unknown name -'],
  ['_a.B-c_1:65535', '_a.B-c_1 name 65535'],
  ['2001:db8::1', undefined],
  ['[192.0.2.1]', undefined],
  ['[::g]', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2.1:65536', undefined],
  ['192.0.2.1:', undefined],
  ['_', undefined],
  ['localhost', undefined],
  ['', undefined],
];

for (const [text, expected] of NODES) {
  test(`parseForwardedNode ${JSON.stringify(text)}`, () => {
    const node = parseForwardedNode(text);
    const shown = node && `${node.name} ${node.isAddress ? 'address' : 'name'} ${node.port ?? '-'}`;
    assert.equal(shown, expected);
  });
}

test('printForwarded quotes what is no token', () => {
  const node = printForwardedNode('2001:db8::1', 4711);
  assert.equal(
    printForwarded([
      { for: node, proto: 'https', host: 'www.example.com:8443' },
      { for: printForwardedNode('1.2.3.4') },
    ]),
    'for="[2001:db8::1]:4711";host="www.example.com:8443";proto=https, for=1.2.3.4',
  );
  for (const unusable of ['', 'evil"', 'fe80::1%eth0']) assert.equal(printForwardedNode(unusable), 'unknown');
});

test('parseForwarded is the inverse of printForwarded', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abc019.:[]_-";,=\\ \t'), minLength: 1 });
  const element = fc.record({ for: text, by: text, host: text, proto: text }, { requiredKeys: ['for'] });
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), (elements) => {
      const complete = elements.map((one) => ({ by: undefined, host: undefined, proto: undefined, ...one }));
      assert.deepEqual(parseForwarded(printForwarded(elements)), complete);
    }),
  );
});
