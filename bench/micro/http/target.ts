// parseTarget against WHATWG URL parsing, which does more, and what it must not do: change octets.
import { parseTarget } from '../../../src/http/target.ts';
import { inTurn, measure } from '../measure.ts';

const anyPath = inTurn(['/', '/index.html', '/blog/2026/11/a-longer-title', '/api/items?page=2&sort=name', '/a.b/c~d']);
const anyEscaped = inTurn(['/caf%C3%A9', '/a%2Fb/c%20d?x=%26', '/%7Euser/index.html']);
const anyAbsolute = inTurn(['http://www.example.org/index.html', 'http://example.net:8080/api?x=1']);

const baseline = measure('new URL, origin form', () => new URL(anyPath(), 'http://www.example.org'));
measure('parseTarget, origin form', () => parseTarget('GET', anyPath()), baseline);
measure('parseTarget, origin form with escapes', () => parseTarget('GET', anyEscaped()), baseline);
measure('parseTarget, absolute form', () => parseTarget('GET', anyAbsolute()), baseline);
measure('parseTarget, refused', () => parseTarget('GET', '/a/../b'), baseline);
