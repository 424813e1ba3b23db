import { describe, test } from 'node:test';
import { appMap, checkInPieces, checkScanner } from '../../../test/kit/rewriting.ts';
import { PlaylistScanner } from './playlist-scanner.ts';

const playlist = () => new PlaylistScanner(appMap);

describe('PlaylistScanner', () => {
  const rows: [string, string][] = [
    ['#EXTM3U\n/seg/1.ts\n', '#EXTM3U\n/app/seg/1.ts\n'],
    [
      '#EXTM3U\r\n#EXTINF:4,/title\r\n/seg/1.ts\r\nseg/2.ts\r\n',
      '#EXTM3U\r\n#EXTINF:4,/title\r\n/app/seg/1.ts\r\nseg/2.ts\r\n',
    ],
    ['#EXT-X-KEY:METHOD=AES-128,URI="/key?a=b",IV=0x1\n', '#EXT-X-KEY:METHOD=AES-128,URI="/app/key?a=b",IV=0x1\n'],
    [
      '#EXT-X-MEDIA:URI="/a",NAME="/b",X-ASSET-URI="/c",X-ASSET-LIST="/d"\n',
      '#EXT-X-MEDIA:URI="/app/a",NAME="/b",X-ASSET-URI="/app/c",X-ASSET-LIST="/app/d"\n',
    ],
    [
      '#EXT-X-SESSION-DATA:VALUE="http://127.0.0.1:8080/v",URI="http://127.0.0.1:8080"\n',
      '#EXT-X-SESSION-DATA:VALUE="https://example.com/app/v",URI="https://example.com/app/"\n',
    ],
    ['# see http://127.0.0.1:8080/x\n', '# see https://example.com/app/x\n'],
    ['http://127.0.0.1:8080/last', 'https://example.com/app/last'],
    ['\n\n', '\n\n'],
    ['', ''],
  ];
  for (const [input, expected] of rows) test(JSON.stringify(input), () => checkScanner(playlist, input, expected));

  test('a line too long to hold is searched only', () => {
    const long = `/${'x'.repeat(20_000)}`;
    checkInPieces(playlist, `${long}\n/y\n`, `${long}\n/app/y\n`);
    checkInPieces(playlist, `#${long} http://127.0.0.1:8080/\n`, `#${long} https://example.com/app/\n`);
  });
});
