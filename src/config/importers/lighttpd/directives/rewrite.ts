// mod_rewrite and mod_redirect: the next path of a request, or the address it is sent to.
import { type DirectiveRow, translated } from '../../directive-table.ts';
import type { ForeignDirective } from '../../report.ts';
import { findRule, rulesOf, substitute } from '../rewrite.ts';
import { numberOf } from '../values.ts';
import type { EffectiveSetting, SettingsView } from '../view.ts';

/** The directives of this file. */
export const REWRITE_ROWS: readonly DirectiveRow[] = [
  ...translated(
    'url.rewrite-once url.rewrite url.rewrite-final url.rewrite-repeat',
    'the base of proxy or files, vhost',
    'where it replaces a prefix; other rewriting is reported',
  ),
  ...translated(
    'url.rewrite-if-not-file url.rewrite-repeat-if-not-file',
    'files.fallback',
    'where all paths go to one file',
  ),
  ...translated('url.redirect', 'redirect', 'where it replaces a prefix or always goes to one address'),
  ...translated('url.redirect-code', 'redirect.status'),
];

/** A request's new path, or why lighttpd closes the connection. */
export type Rewritten =
  | {
      readonly path: string;
      readonly query: string | undefined;
      readonly isFinal: boolean;
      readonly directive: ForeignDirective;
    }
  | { readonly refusal: string; readonly directive: ForeignDirective };

/** These stop after the first rule that fits, and are tried before those that go on. */
const FINAL = ['url.rewrite-once', 'url.rewrite-final', 'url.rewrite'];

/** What the rewrite rules in force make of the request; undefined if they leave it. */
export function rewriteFor(view: SettingsView): Rewritten | undefined {
  return applyBlock(view, [...FINAL, 'url.rewrite-repeat']);
}

/** The same for the rules that only count where there is no file. They are final. */
export function rewriteMissingFor(view: SettingsView): Exclude<Rewritten, { refusal: string }> | undefined {
  const rewritten = applyBlock(view, ['url.rewrite-if-not-file', 'url.rewrite-repeat-if-not-file']);
  return rewritten === undefined || 'refusal' in rewritten ? undefined : rewritten;
}

function applyBlock(view: SettingsView, names: readonly string[]): Rewritten | undefined {
  for (const effective of view.findBlock(names) ?? []) {
    const { setting } = effective;
    const target = applySetting(view, effective);
    if (target === undefined) continue;
    // An empty target means: leave the path, and look no further.
    if (target === '') return undefined;
    if (!target.startsWith('/')) {
      const refusal = `the target ${JSON.stringify(target)} does not start with a slash: lighttpd closes the connection`;
      return { refusal, directive: setting };
    }
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    const query = mark < 0 ? undefined : target.slice(mark + 1);
    return { path, query, isFinal: FINAL.includes(setting.name), directive: setting };
  }
  return undefined;
}

/** Where a request is redirected; undefined if it is not. */
export function redirectFor(
  view: SettingsView,
): { location: string; status: number; directives: readonly ForeignDirective[] } | undefined {
  const effective = view.find('url.redirect');
  const location = effective && applySetting(view, effective);
  if (effective === undefined || location === undefined || location === '') return undefined;
  const code = view.find('url.redirect-code')?.setting;
  const status = numberOf(code?.value) ?? 301;
  const directives = [effective.setting, ...(code === undefined ? [] : [code])];
  return { location, status: status >= 300 && status < 400 ? status : 301, directives };
}

/** The filled-in target of the first rule that fits. */
function applySetting({ situation }: SettingsView, { setting, match }: EffectiveSetting): string | undefined {
  const { host, port, scheme, path, query } = situation;
  const found = findRule(rulesOf(setting), query === undefined ? path : `${path}?${query}`);
  if (found === undefined) return undefined;
  const isDefaultPort = port === (scheme === 'https' ? 443 : 80);
  const authority = isDefaultPort ? host : `${host}:${port}`;
  const url = { scheme, authority, port, path, query };
  return substitute(found.rule.target, { match: found.match, condition: match.captures, url });
}
