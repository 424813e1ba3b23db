// The paths that a lighttpd configuration mentions for one site: where something could be different.

import type { Candidate } from '../derive.ts';
import type { PathRegion } from '../pattern/regions.ts';
import { encodeRest } from '../percent.ts';
import type { ForeignDirective } from '../report.ts';
import { matchContexts, meaningOf, type Situation } from './conditions.ts';
import type { Context } from './contexts.ts';
import { rulesOf } from './rewrite.ts';
import { entriesOf, entryOf, type Setting, type Value } from './values.ts';

/** Settings whose keys are prefixes of paths. */
const KEYED: Readonly<Record<string, (value: Value) => Value | undefined>> = {
  'proxy.server': (value) => value,
  'proxy.header': (value) => entryOf(value, 'map-urlpath'),
  'alias.url': (value) => value,
  'expire.url': (value) => value,
  'auth.require': (value) => value,
  'fastcgi.server': (value) => value,
  'scgi.server': (value) => value,
};

/** Paths in our spelling, from all blocks that apply to some path of the site. */
export function candidatePaths(contexts: readonly Context[], situation: Situation): Candidate[] {
  const found: Candidate[] = [];
  const relevant = relevantContexts(contexts, situation);
  for (const context of relevant) {
    const { condition, source, settings } = context;
    const meaning = condition && meaningOf(condition);
    if (meaning?.about === 'path') add(found, meaning.regions, { name: condition?.field ?? '', source });
    for (const setting of settings.values()) addSetting(found, setting);
  }
  return found;
}

/** Conditions on the path and on what is unknown are left open, all others are asked. */
function relevantContexts(contexts: readonly Context[], situation: Situation): Context[] {
  const relevant = new Set<Context>();
  for (const context of contexts) {
    const { parent, condition } = context;
    if (parent !== undefined && !relevant.has(parent)) continue;
    const about = condition === undefined ? 'path' : meaningOf(condition).about;
    const isOpen = about === 'path' || about === 'unknown';
    const alone: Context = { ...context, parent: undefined, previous: undefined };
    if (isOpen || matchContexts([alone], situation).length > 0) relevant.add(context);
  }
  return [...relevant];
}

function addSetting(found: Candidate[], setting: Setting): void {
  const keyed = KEYED[setting.name]?.(setting.value);
  for (const { key = '' } of entriesOf(keyed)) {
    if (key.startsWith('/')) add(found, [{ path: key, kind: key.endsWith('/') ? 'subtree' : 'open' }], setting);
  }
  if (/^url\.(?:rewrite|redirect)/.test(setting.name) && setting.name !== 'url.redirect-code') {
    for (const rule of rulesOf(setting)) add(found, rule.regions, setting);
  }
}

function add(found: Candidate[], regions: readonly PathRegion[], directive: ForeignDirective): void {
  for (const { path, kind } of regions) found.push({ path: encodeRest(path), kind, directive });
}
