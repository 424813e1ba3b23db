// The examples of RFC 7541 Appendix C: blocks decoded in turn, the table behind each, and encoded where our choices are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';

type Line = readonly [name: string, value: string];

interface Step {
  readonly block: string;
  readonly lines: readonly Line[];
  /** The dynamic table afterwards, the newest entry first. */
  readonly table: readonly Line[];
}

interface Example {
  readonly name: string;
  readonly tableBytes: number;
  readonly steps: readonly Step[];
  /** Whether our encoder writes the same. It uses the Huffman code always, and does not index `location` and secrets. */
  readonly isOurs?: boolean;
}

const GET: Line = [':method', 'GET'];
const HTTP: Line = [':scheme', 'http'];
const ROOT: Line = [':path', '/'];
const AUTHORITY: Line = [':authority', 'www.example.com'];
const NO_CACHE: Line = ['cache-control', 'no-cache'];
const CUSTOM: Line = ['custom-key', 'custom-value'];

const PRIVATE: Line = ['cache-control', 'private'];
const DATE_21: Line = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const DATE_22: Line = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION: Line = ['location', 'https://www.example.com'];
const GZIP: Line = ['content-encoding', 'gzip'];
const COOKIE: Line = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

/** §C.3 and §C.4, requests. */
function requests(blocks: readonly [string, string, string]): Step[] {
  const second = [NO_CACHE, AUTHORITY];
  return [
    { block: blocks[0], lines: [GET, HTTP, ROOT, AUTHORITY], table: [AUTHORITY] },
    { block: blocks[1], lines: [GET, HTTP, ROOT, AUTHORITY, NO_CACHE], table: second },
    {
      block: blocks[2],
      lines: [GET, [':scheme', 'https'], [':path', '/index.html'], AUTHORITY, CUSTOM],
      table: [CUSTOM, ...second],
    },
  ];
}

/** §C.5 and §C.6, responses with a table of 256 octets, from which entries leave. */
function responses(blocks: readonly [string, string, string]): Step[] {
  const [found, moved, ok]: Line[] = [
    [':status', '302'],
    [':status', '307'],
    [':status', '200'],
  ] as const;
  return [
    { block: blocks[0], lines: [found, PRIVATE, DATE_21, LOCATION], table: [LOCATION, DATE_21, PRIVATE, found] },
    { block: blocks[1], lines: [moved, PRIVATE, DATE_21, LOCATION], table: [moved, LOCATION, DATE_21, PRIVATE] },
    { block: blocks[2], lines: [ok, PRIVATE, DATE_22, LOCATION, GZIP, COOKIE], table: [COOKIE, GZIP, DATE_22] },
  ];
}

const EXAMPLES: readonly Example[] = [
  {
    name: '§C.2.1, a literal to be indexed',
    tableBytes: 4096,
    steps: [
      {
        block: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
        lines: [['custom-key', 'custom-header']],
        table: [['custom-key', 'custom-header']],
      },
    ],
  },
  {
    name: '§C.2.2, a literal not to be indexed',
    tableBytes: 4096,
    steps: [{ block: '040c2f73616d706c652f70617468', lines: [[':path', '/sample/path']], table: [] }],
  },
  {
    name: '§C.2.3, a literal never to be indexed',
    tableBytes: 4096,
    steps: [{ block: '100870617373776f726406736563726574', lines: [['password', 'secret']], table: [] }],
  },
  {
    name: '§C.2.4, an indexed line',
    tableBytes: 4096,
    isOurs: true,
    steps: [{ block: '82', lines: [GET], table: [] }],
  },
  {
    name: '§C.3, requests without the Huffman code',
    tableBytes: 4096,
    steps: requests([
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ]),
  },
  {
    name: '§C.4, requests with the Huffman code',
    tableBytes: 4096,
    isOurs: true,
    steps: requests([
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ]),
  },
  {
    name: '§C.5, responses without the Huffman code',
    tableBytes: 256,
    steps: responses([
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ]),
  },
  {
    name: '§C.6, responses with the Huffman code',
    tableBytes: 256,
    steps: responses([
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ]),
  },
];

for (const { name, tableBytes, steps, isOurs = false } of EXAMPLES) {
  test(`${name}: decoded`, () => {
    for (let length = 1; length <= steps.length; length++) {
      // A fresh decoder for each length, because asking for the table beyond its end is the end of a connection.
      const decoder = new HpackDecoder(tableBytes);
      for (const { block, lines } of steps.slice(0, length)) assert.deepEqual(decode(decoder, block), lines.flat());
      assert.deepEqual(tableOf(decoder), steps[length - 1]?.table);
    }
  });

  test(`${name}: encoded${isOurs ? ' to the same octets' : ' in our way'}`, () => {
    const encoder = new HpackEncoder(tableBytes);
    const decoder = new HpackDecoder(tableBytes);
    for (const { block, lines } of steps) {
      const ours = encoder.encode(lines.flat()).toString('hex');
      if (isOurs) assert.equal(ours, block);
      assert.deepEqual(decode(decoder, ours), lines.flat());
    }
  });
}

function decode(decoder: HpackDecoder, hex: string) {
  const bytes = Buffer.from(hex, 'hex');
  return decoder.decode(bytes, 0, bytes.length, 4096);
}

/** What the dynamic table answers to each index, up to the first that is not there. */
function tableOf(decoder: HpackDecoder): Line[] {
  const table: Line[] = [];
  for (let index = 62; ; index++) {
    const line = decode(decoder, (0x80 + index).toString(16));
    if (typeof line === 'string') return table;
    table.push([line[0] ?? '', line[1] ?? '']);
  }
}
