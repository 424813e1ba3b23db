// Files from the disk: document root, aliases, index files, listings, and what answers for missing ones.

import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { FilesOutcome, Outcome } from '../../outcome.ts';
import { decodePath } from '../../percent.ts';
import type { ForeignDirective } from '../../report.ts';
import type { Traits } from '../../traits.ts';
import { entriesOf, isOn, textOf, textsOf } from '../values.ts';
import type { SettingsView } from '../view.ts';

/** The directives of this file. */
export const FILES_ROWS: readonly DirectiveRow[] = [
  ...translated('server.document-root alias.url', 'files.root'),
  ...translated('index-file.names server.indexfiles', 'files.index'),
  ...translated('dir-listing.activate server.dir-listing', 'files.list'),
  ...translated('server.error-handler-404', 'files.fallback', 'where it names a file'),
  ...translated('server.error-handler', 'errors', 'where it names a file'),
  ...unneeded(
    'etag.use-inode etag.use-mtime etag.use-size static-file.etags static-file.disable-pathinfo server.range-requests',
    'validators and ranges are always right',
  ),
  ...unneeded(
    'dir-listing.encoding dir-listing.hide-dotfiles dir-listing.external-css dir-listing.external-js dir-listing.exclude dir-listing.show-readme dir-listing.hide-readme-file dir-listing.show-header dir-listing.hide-header-file dir-listing.set-footer dir-listing.auto-layout dir-listing.cache',
    'listings have one look here',
  ),
  ...unneeded(
    'mimetype.assign mimetype.use-xattr mimetype.xattr-name',
    'media types come from a table by extension; see files.types for others',
  ),
  ...unneeded(
    'server.follow-symlink server.stat-cache-engine',
    'links inside the root are followed, and changes are noticed',
  ),
  ...translated('static-file.exclude-extensions', 'files.exclude'),
  ...missing('server.force-lowercase-filenames', 'warning', 'names are taken as they are', 'rename the files'),
  ...missing(
    'evhost.path-pattern simple-vhost.server-root simple-vhost.document-root simple-vhost.default-host vhostdb.backend userdir.path userdir.active userdir.basepath userdir.exclude-user userdir.include-user userdir.letterhomes vhostdb.cache vhostdb.dbi vhostdb.ldap vhostdb.mysql vhostdb.pgsql',
    'error',
    'folders are not chosen by the name that was asked for',
    'write a site for each name, with its files',
  ),
];

/** What the disk answers. */
export function answerFromDisk(view: SettingsView): Outcome {
  const found = findFile(view);
  if (found === undefined)
    return { serve: { kind: 'respond', status: 404, body: undefined, type: undefined }, traits: {}, directives: [] };
  const index = view.find('index-file.names') ?? view.find('server.indexfiles');
  const list = view.find('dir-listing.activate') ?? view.find('server.dir-listing');
  // It answers with 200, other than `server.error-handler`, which keeps the status.
  const handler = view.find('server.error-handler-404');
  const used = [index, list, handler].flatMap((effective) => effective?.setting ?? []);
  const files: FilesOutcome = {
    kind: 'files',
    file: found.file,
    index: textsOf(index?.setting.value),
    list: isOn(list?.setting.value),
    missing: handler === undefined ? undefined : answerMissing(view, textOf(handler.setting.value) ?? ''),
  };
  const guard = excludedFrom(view);
  return { serve: files, traits: guard.traits, directives: [found.directive, ...used, ...guard.directives] };
}

/** What runs programs by the ending of a path. */
const PROGRAMS = ['fastcgi.server', 'scgi.server', 'cgi.assign', 'ajp13.server', 'uwsgi.server', 'proxy.server'];

/** Endings that are denied, kept from being sent, or run by a program: as files they would give their source away. */
function excludedFrom(view: SettingsView): { traits: Traits; directives: readonly ForeignDirective[] } {
  const lists = ['static-file.exclude-extensions', 'url.access-deny'].flatMap((name) => view.find(name)?.setting ?? []);
  const programs = PROGRAMS.flatMap((name) => view.find(name)?.setting ?? []);
  const keys = programs.flatMap(({ value }) => entriesOf(value).map(({ key = '' }) => key));
  const endings = [...lists.flatMap(({ value }) => textsOf(value)), ...keys.filter((key) => !key.startsWith('/'))];
  const excluded = [...new Set(endings)].filter((ending) => /^[^*/\\]+$/.test(ending));
  return { traits: excluded.length === 0 ? {} : { excluded }, directives: lists };
}

/** An error handler is a path of the same site; a file of it is what we can serve. */
function answerMissing(view: SettingsView, path: string): FilesOutcome | undefined {
  const found = path.startsWith('/') ? findFile(view, path) : undefined;
  return found && { kind: 'files', file: found.file, index: [], list: false, missing: undefined };
}

/** `server.error-handler`: the page for all errors of lighttpd itself. */
export function errorPagesOf(view: SettingsView): { traits: Traits; directives: readonly ForeignDirective[] } {
  const setting = view.find('server.error-handler')?.setting;
  const page = setting && answerMissing(view, textOf(setting.value) ?? '');
  if (setting === undefined || page === undefined) return { traits: {}, directives: [] };
  return { traits: { errorPages: { '4xx': page.file, '5xx': page.file } }, directives: [setting] };
}

function findFile(
  view: SettingsView,
  path = decodePath(view.situation.path),
): { file: string; directive: ForeignDirective } | undefined {
  const alias = view.find('alias.url')?.setting;
  const entry = entriesOf(alias?.value).find(({ key = '' }) => key !== '' && path.startsWith(key));
  if (alias !== undefined && entry?.key !== undefined)
    return { file: (textOf(entry.value) ?? '') + path.slice(entry.key.length), directive: alias };
  const root = view.find('server.document-root')?.setting;
  const folder = textOf(root?.value);
  if (root === undefined || folder === undefined || folder === '') return undefined;
  return { file: folder.replace(/\/+$/, '') + path, directive: root };
}
