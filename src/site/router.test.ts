// Which mount a path belongs to: exact paths, subtrees, and exact paths that end in a slash beside the subtree of that name.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RequestHead } from '../exchange/head.ts';
import type { Route } from '../exchange/route.ts';
import { parseTarget } from '../http/target.ts';
import { invariant } from '../util/invariant.ts';
import { Router } from './router.ts';

/** What the router makes of `target` where `paths` are mounted: the path of the mount, or the kind of the match. */
function find(paths: readonly string[], target: string): string {
  const routes = paths.map(
    (path) => ({ mount: { path }, keepsBarePath: path.startsWith('/kept') }) as unknown as Route,
  );
  const router = new Router([{ key: '*', names: [{ host: '*', port: undefined }], routes }]);
  const parsed = parseTarget(target === '*' ? 'OPTIONS' : 'GET', target);
  invariant(typeof parsed !== 'string', `${target} does not parse`);
  const match = router.find({ target: parsed } as RequestHead, 'a.example', 80);
  if (match.kind === 'add-slash') return `add-slash ${match.route.mount.path}`;
  return match.kind === 'route' ? match.route.mount.path : match.kind;
}

const PATHS = ['/', '=/', '/app/', '=/app/', '/app/deep/', '/old', '=/alone/', '/kept/'];

const CASES: readonly [target: string, found: string][] = [
  ['/', '=/'],
  ['/?q', '=/'],
  ['//', '=/'],
  ['*', '/'],
  ['/x', '/'],
  ['/app/', '=/app/'],
  ['//app//', '=/app/'],
  ['/%61pp/', '=/app/'],
  ['/app', 'add-slash /app/'],
  ['/app/x', '/app/'],
  ['/app/deep', 'add-slash /app/deep/'],
  ['/app/deep/', '/app/deep/'],
  ['/old', '/old'],
  ['/old/', '/'],
  ['/alone', '/'],
  ['/alone/', '=/alone/'],
  ['/alone/x', '/'],
  ['/kept', '/kept/'],
];

for (const [target, found] of CASES) test(`${target} goes to ${found}`, () => assert.equal(find(PATHS, target), found));

test('exactly the root, and nothing else: the rest has no mount', () => {
  assert.equal(find(['=/'], '/'), '=/');
  assert.equal(find(['=/'], '/x'), 'no-mount');
  assert.equal(find(['=/'], '*'), 'no-mount');
});
