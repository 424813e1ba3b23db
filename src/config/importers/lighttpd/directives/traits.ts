// What stands before proxy and files alike: headers, passwords, expiry, compression.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { ForeignDirective } from '../../report.ts';
import type { PasswordGate, Traits } from '../../traits.ts';
import { endingsOf } from '../conditions.ts';
import type { Context } from '../contexts.ts';
import { entriesOf, entryOf, textOf, textsOf, type Value } from '../values.ts';
import type { SettingsView } from '../view.ts';
import { errorPagesOf } from './files.ts';

/** The directives of this file. */
export const TRAIT_ROWS: readonly DirectiveRow[] = [
  ...translated('setenv.add-response-header setenv.set-response-header', 'headers.response'),
  ...translated('setenv.add-request-header setenv.set-request-header', 'headers.request'),
  ...translated('expire.url', 'files.cache, else headers.response', 'keys are subtrees'),
  ...translated(
    'auth.require auth.backend auth.backend.htpasswd.userfile',
    'auth',
    'method basic with an htpasswd file, where there is that feature; closed otherwise',
  ),
  ...translated('deflate.mimetypes compress.filetype', 'compress', 'where there is that feature'),
  ...unneeded(
    'deflate.allowed-encodings deflate.cache-dir deflate.compression-level deflate.max-compress-size deflate.max-loadavg deflate.min-compress-size deflate.output-buffer-size deflate.params deflate.work-block-size compress.allowed-encodings compress.cache-dir compress.max-filesize compress.max-loadavg',
    'the coding is chosen by what the client takes',
  ),
  ...unneeded('setenv.add-environment setenv.set-environment', 'there are no CGI programs here'),
  ...missing(
    'expire.mimetypes',
    'warning',
    'expiry by media type is not known here',
    'use files.cache with endings such as "*.css"',
  ),
];

/** The traits of a request, and what they come from. */
export function collectTraits(
  view: SettingsView,
  contexts: readonly Context[],
): { traits: Traits; directives: readonly ForeignDirective[] } {
  const used: ForeignDirective[] = [];
  const read = (name: string): Value | undefined => {
    const setting = view.find(name)?.setting;
    if (setting !== undefined) used.push(setting);
    return setting?.value;
  };
  const responseHeaders = editsOf(read('setenv.set-response-header'), read('setenv.add-response-header'));
  const requestHeaders = editsOf(read('setenv.set-request-header'), read('setenv.add-request-header'));
  const freshSeconds = expiryFor(read('expire.url'), view.situation.path);
  const freshByEnding = findEndings(view, contexts, used);
  const gate = passwordFor(read('auth.require'), read('auth.backend.htpasswd.userfile'), view.situation.path);
  const password = gate === 'closed' ? undefined : gate;
  read('auth.backend');
  const types = textsOf(read('deflate.mimetypes') ?? read('compress.filetype'));
  const traits: Traits = {
    ...(requestHeaders && { requestHeaders }),
    ...(responseHeaders && { responseHeaders }),
    ...(freshSeconds !== undefined && { freshSeconds }),
    ...(freshByEnding && { freshByEnding }),
    ...(password && { password }),
    ...(gate === 'closed' && { isClosed: true }),
    ...(types.length > 0 && { compress: { types } }),
  };
  const pages = errorPagesOf(view);
  return { traits: { ...traits, ...pages.traits }, directives: [...used, ...pages.directives] };
}

/** A block for endings that only says how long files may be kept: `$HTTP["url"] =~ "\.(css|js)$" { expire.url = ... }`. */
export function isAboutFreshness({ condition, settings }: Context): boolean {
  return (
    endingsOf(condition) !== undefined &&
    settings.size > 0 &&
    [...settings.keys()].every((name) => name === 'expire.url')
  );
}

function findEndings(
  view: SettingsView,
  contexts: readonly Context[],
  used: ForeignDirective[],
): Traits['freshByEnding'] {
  const found: Record<string, number> = {};
  for (const context of contexts.filter(isAboutFreshness)) {
    if (context.parent !== undefined && !view.applies(context.parent)) continue;
    const setting = context.settings.get('expire.url');
    const seconds = expiryFor(setting?.value, view.situation.path);
    if (setting === undefined || seconds === undefined) continue;
    for (const ending of endingsOf(context.condition) ?? []) found[ending] = seconds;
    used.push(setting);
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

function editsOf(set: Value | undefined, add: Value | undefined): Traits['responseHeaders'] {
  const setLines = linesOf(set);
  const addLines = linesOf(add);
  if (setLines === undefined && addLines === undefined) return undefined;
  // lighttpd removes a header that is set to nothing.
  const remove = Object.entries(setLines ?? {}).filter(([, value]) => value === '');
  const kept = Object.entries(setLines ?? {}).filter(([, value]) => value !== '');
  return {
    ...(kept.length > 0 && { set: Object.fromEntries(kept) }),
    ...(addLines && { add: addLines }),
    ...(remove.length > 0 && { remove: remove.map(([name]) => name) }),
  };
}

function linesOf(value: Value | undefined): Record<string, string> | undefined {
  const lines = entriesOf(value).flatMap(({ key, value: text }) =>
    key === undefined ? [] : [[key, textOf(text) ?? ''] as const],
  );
  return lines.length === 0 ? undefined : Object.fromEntries(lines);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  year: 31_536_000,
  month: 2_592_000,
  week: 604_800,
  day: 86_400,
  hour: 3600,
  minute: 60,
  second: 1,
};

/** The first key that the path starts with: `access plus 1 months 2 days`. */
function expiryFor(value: Value | undefined, path: string): number | undefined {
  const entry = entriesOf(value).find(({ key = '' }) => path.startsWith(key));
  return entry === undefined ? undefined : parseExpiry(textOf(entry.value) ?? '');
}

/** Seconds of `access [plus] 1 days`; undefined for `modification`, which depends on the file. Shared with Apache's form. */
export function parseExpiry(text: string): number | undefined {
  const [, parts = ''] = /^\s*(?:access|now)\s+(?:plus\s+)?(.*)$/i.exec(text) ?? [];
  let seconds = 0;
  let count = 0;
  for (const [, amount, unit = ''] of parts.matchAll(/(\d+)\s+(year|month|week|day|hour|minute|second)s?/gi)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit.toLowerCase()] ?? 0);
    count++;
  }
  return count === 0 ? undefined : seconds;
}

/** The first key that the path starts with. What is no htpasswd file closes the mount: `check.ts` speaks of it. */
function passwordFor(
  require: Value | undefined,
  file: Value | undefined,
  path: string,
): PasswordGate | 'closed' | undefined {
  const entry = entriesOf(require).find(({ key = '' }) => path.startsWith(key));
  const userFile = textOf(file);
  if (entry === undefined) return undefined;
  const wanted = textOf(entryOf(entry.value, 'require')) ?? 'valid-user';
  const method = textOf(entryOf(entry.value, 'method')) ?? 'basic';
  if (method !== 'basic' || userFile === undefined || /\b(?:group|host)=/.test(wanted)) return 'closed';
  const users = [...wanted.matchAll(/user=([^|]+)/g)].map(([, name = '']) => name);
  const realm = textOf(entryOf(entry.value, 'realm')) ?? '';
  return { realm, file: userFile, users: wanted === 'valid-user' || users.length === 0 ? undefined : users };
}
