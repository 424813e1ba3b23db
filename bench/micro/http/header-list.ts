// HeaderList.get against a Map made beforehand: what a lookup by comparing names costs on a usual request.
import { HeaderList } from '../../../src/http/header-list.ts';
import { inTurn, measure } from '../measure.ts';

const LINES: [string, string][] = [
  ['Host', 'www.example.org'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Connection', 'keep-alive'],
  ['Cookie', 'session=0123456789abcdef; theme=dark'],
  ['Upgrade-Insecure-Requests', '1'],
  ['Sec-Fetch-Dest', 'document'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Site', 'none'],
  ['Priority', 'u=0, i'],
];

const list = HeaderList.from(LINES);
const map = new Map(LINES.map(([name, value]) => [name.toLowerCase(), value]));
const anyName = inTurn(['host', 'cookie', 'priority', 'authorization', 'content-length', 'accept']);

const baseline = measure('Map.get, the map made beforehand', () => map.get(anyName()));
measure('HeaderList.get, first line', () => list.get('host'), baseline);
measure('HeaderList.get, last of 12 lines', () => list.get('priority'), baseline);
measure('HeaderList.get, not there', () => list.get('authorization'), baseline);
measure('HeaderList.get, six names in turn', () => list.get(anyName()), baseline);
measure('Map made and asked once', () => new Map(list).get('Priority'), baseline);
