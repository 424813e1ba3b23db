// Files from the disk: DocumentRoot, aliases, index files, listings, and what answers for missing ones.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { FilesOutcome, Outcome } from '../../outcome.ts';
import { compilePcre } from '../../pattern/pcre.ts';
import { regionsOfPattern } from '../../pattern/regions.ts';
import type { Directive } from '../parser.ts';
import { readRules, runRules } from '../rewrite.ts';
import { allInSections, findInSections, type Section } from '../sections.ts';
import { documentRootOf, matchPrefix, serverDirectives, type Turn } from '../server.ts';
import { isOn } from './proxy.ts';

/** The directives of this file. */
export const FILES_ROWS: readonly DirectiveRow[] = [
  ...translated('DocumentRoot Alias AliasMatch', 'files.root'),
  ...translated('<Directory> <DirectoryMatch>', 'the keys of the mounts whose files are there'),
  ...translated('DirectoryIndex', 'files.index'),
  ...translated('Options', 'files.list', 'Indexes; the other options need no equal'),
  ...translated('FallbackResource', 'files.fallback'),
  ...translated('ErrorDocument', 'error-pages', 'where it names a file'),
  ...unneeded(
    'DirectorySlash DirectoryCheckHandler DirectoryIndexRedirect FileETag EnableMMAP EnableSendfile AcceptPathInfo ContentDigest',
    'how files are sent needs no setting',
  ),
  ...unneeded(
    'FancyIndexing IndexOptions IndexOrderDefault IndexStyleSheet IndexIgnore IndexIgnoreReset IndexHeadInsert HeaderName ReadmeName AddIcon AddIconByType AddIconByEncoding AddAlt AddAltByType AddAltByEncoding AddDescription DefaultIcon',
    'listings have one look here',
  ),
  ...unneeded(
    'TypesConfig AddType DefaultType ForceType AddCharset AddDefaultCharset AddEncoding AddLanguage DefaultLanguage LanguagePriority ForceLanguagePriority RemoveType RemoveEncoding RemoveCharset RemoveLanguage MIMEMagicFile ModMimeUsePathInfo MultiviewsMatch CacheNegotiatedDocs',
    'media types come from a table; see files.types for others',
  ),
  ...unneeded('AccessFileName', 'there are no .htaccess files here'),
  ...missing(
    'AllowOverride AllowOverrideList',
    'warning',
    '.htaccess files are not read',
    'put what they say into the configuration',
  ),
  ...missing(
    'ScriptAlias ScriptAliasMatch ScriptSock Action SetHandler AddHandler AddOutputFilter SetOutputFilter AddInputFilter SetInputFilter RemoveHandler RemoveInputFilter RemoveOutputFilter FilterChain FilterDeclare FilterProtocol FilterProvider FilterTrace ScriptLogBuffer ScriptLogLength CGIDScriptTimeout CGIPassAuth ScriptLog ScriptInterpreterSource WSGIScriptAlias WSGIDaemonProcess WSGIProcessGroup php_value php_flag php_admin_value php_admin_flag Dav DavLockDB CheckSpelling',
    'error',
    'this runs or speaks to something other than an HTTP server',
    'put an HTTP server before it and proxy to that',
  ),
  ...missing(
    'UserDir VirtualDocumentRoot VirtualScriptAlias VirtualDocumentRootIP VirtualScriptAliasIP',
    'error',
    'folders are not chosen by the name or path that was asked for',
    'write a site or mount for each folder',
  ),
];

/** Handlers that show what the server itself does. */
export const STATUS_HANDLERS = /^(?:server-status|server-info|balancer-manager|ldap-status)$/i;

/** Where a path leads on the disk. */
export interface FoundFile {
  readonly file: string;
  readonly directive: Directive;
}

/** The file for a path: the first alias that takes it, else the document root. `unsupported` for programs. */
export function findFile(turn: Turn, path: string): FoundFile | 'unsupported' | undefined {
  for (const level of [...turn.server.levels].reverse()) {
    for (const directive of level.list) {
      const found = matchAlias(turn, directive, path);
      if (found !== undefined) return found;
    }
  }
  const root = documentRootOf(turn.server);
  const folder = root?.args[0];
  return root === undefined || folder === undefined
    ? undefined
    : { file: folder.replace(/\/+$/, '') + path, directive: root };
}

function matchAlias(turn: Turn, directive: Directive, path: string): FoundFile | 'unsupported' | undefined {
  const [from = '', to = ''] = directive.args;
  if (directive.key === 'alias' || directive.key === 'scriptalias') {
    const rest = matchPrefix(from, path);
    if (rest === undefined) return undefined;
    if (directive.key === 'alias') return { file: to + rest, directive };
    turn.server.report.error(
      directive,
      'programs are not run here',
      'put an HTTP server before them and proxy to that',
    );
    return 'unsupported';
  }
  if (directive.key !== 'aliasmatch') return undefined;
  const compiled = compilePcre(from);
  if ('problem' in compiled || regionsOfPattern(from, 'path') === undefined) return undefined;
  const match = compiled.regExp.exec(path);
  return match === null
    ? undefined
    : { file: to.replace(/\$(\d)/g, (_, index: string) => match[Number(index)] ?? ''), directive };
}

/** What the disk answers, with the rewrite rules of its folder. */
export function answerFromDisk(turn: Turn, found: FoundFile, sections: readonly Section[]): Outcome {
  const handler = findInSections(sections, 'sethandler');
  if (handler !== undefined && !/^(?:none|default-handler)$/i.test(handler.args[0] ?? '')) {
    const isStatus = STATUS_HANDLERS.test(handler.args[0] ?? '');
    const serve = isStatus
      ? ({ kind: 'respond', status: 404, body: undefined, type: undefined } as const)
      : ({ kind: 'unsupported' } as const);
    if (!isStatus)
      turn.server.report.error(
        handler,
        `${handler.args[0]} is something other than an HTTP server`,
        'put an HTTP server before it and proxy to that',
      );
    return { serve, traits: {}, directives: [handler, found.directive] };
  }
  const ruled = runFolderRules(turn, found, sections);
  if (ruled !== undefined) return ruled;
  const index = findInSections(sections, 'directoryindex');
  const fallback = findInSections(sections, 'fallbackresource');
  const options = allInSections(sections, 'options');
  const served: FilesOutcome = {
    kind: 'files',
    file: found.file,
    index: index === undefined ? ['index.html'] : index.args.filter((name) => !/^disabled$/i.test(name)),
    list: hasIndexes(options),
    missing:
      fallback === undefined || /^disabled$/i.test(fallback.args[0] ?? '')
        ? undefined
        : answerMissing(turn, fallback.args[0] ?? ''),
  };
  const used = [index, fallback].flatMap((directive) => directive ?? []);
  return { serve: served, traits: {}, directives: [found.directive, ...used, ...options] };
}

function answerMissing(turn: Turn, path: string): FilesOutcome | undefined {
  const found = path.startsWith('/') ? findFile(turn, path) : undefined;
  if (found === undefined || found === 'unsupported') return undefined;
  return { kind: 'files', file: found.file, index: [], list: false, missing: undefined };
}

/** `Options Indexes`, `Options +Indexes`, `Options All`; a line with signs changes what was, one without replaces it. */
function hasIndexes(lines: readonly Directive[]): boolean {
  let isOnNow = false;
  for (const { args } of lines) {
    const words = args.map((word) => word.toLowerCase());
    if (words.some((word) => !/^[+-]/.test(word))) isOnNow = words.includes('indexes') || words.includes('all');
    else if (words.includes('+indexes')) isOnNow = true;
    else if (words.includes('-indexes')) isOnNow = false;
  }
  return isOnNow;
}

/** Rules inside `<Directory>`: they see the path without that of the folder. */
function runFolderRules(turn: Turn, found: FoundFile, sections: readonly Section[]): Outcome | undefined {
  const section = [...sections]
    .reverse()
    .find(({ directive, list }) => directive?.key === 'directory' && list.some(({ key }) => key === 'rewriterule'));
  const engine = findInSections(sections, 'rewriteengine');
  if (section === undefined || engine === undefined || !isOn(engine)) return undefined;
  const folder = (section.directive?.args[0] ?? '').replace(/\/+$/, '');
  const subject = found.file.slice(folder.length + 1);
  const base = turn.path.slice(0, turn.path.length - subject.length);
  const { server, probe, isFileThere, onFileTest } = turn;
  const root = documentRootOf(server)?.args[0] ?? '';
  const verdict = runRules(readRules(section.list), {
    probe,
    subject,
    file: found.file,
    documentRoot: root,
    serverName: server.name,
    isFileThere,
    onFileTest,
    report: server.report,
  });
  if (verdict.kind === 'unchanged') return undefined;
  const { directives } = verdict;
  if (verdict.kind === 'redirect') {
    const location = /^(?:\/|[a-z][a-z0-9+.-]*:)/i.test(verdict.location) ? verdict.location : base + verdict.location;
    return { serve: { kind: 'redirect', status: verdict.status, location }, traits: {}, directives };
  }
  if (verdict.kind === 'respond')
    return {
      serve: { kind: 'respond', status: verdict.status, body: undefined, type: undefined },
      traits: {},
      directives,
    };
  if (verdict.kind === 'proxy') {
    server.report.error(
      directives[0] ?? section.list[0] ?? found.directive,
      'forwarding from inside a folder is not read',
      'use ProxyPass in the virtual host',
    );
    return { serve: { kind: 'unsupported' }, traits: {}, directives };
  }
  const path = verdict.path.startsWith('/') ? verdict.path : base + verdict.path;
  const target = findFile(turn, path);
  if (target === undefined || target === 'unsupported')
    return { serve: { kind: 'unsupported' }, traits: {}, directives };
  return {
    serve: { kind: 'files', file: target.file, index: ['index.html'], list: false, missing: undefined },
    traits: {},
    directives: [...directives, target.directive],
  };
}

/** `Redirect` and `RedirectMatch`, of the server and of sections. */
export function findRedirect(turn: Turn, sections: readonly Section[]): Outcome | undefined {
  const lists = [...sections].reverse().map((section) => ({ list: section.list, scope: section.directive }));
  for (const { list, scope } of lists) {
    for (const directive of list) {
      const found = matchRedirect(turn, directive, scope);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const STATUS_WORDS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 303, gone: 410 };

function matchRedirect(turn: Turn, directive: Directive, scope: Directive | undefined): Outcome | undefined {
  const { key } = directive;
  if (!['redirect', 'redirectmatch', 'redirectpermanent', 'redirecttemp'].includes(key)) return undefined;
  const args = [...directive.args];
  let status = key === 'redirectpermanent' ? 301 : 302;
  const word = (args[0] ?? '').toLowerCase();
  if (
    !key.endsWith('permanent') &&
    !key.endsWith('temp') &&
    (STATUS_WORDS[word] !== undefined || /^\d{3}$/.test(word))
  ) {
    status = STATUS_WORDS[word] ?? Number(word);
    args.shift();
  }
  // Inside a location the path may be left out, and the rest is not appended.
  const isScoped = scope !== undefined && args.length === 1 && status < 400 && scope.key === 'location';
  const [from = '', to = ''] = isScoped ? ['', args[0] ?? ''] : args;
  const query = turn.query === undefined ? '' : `?${turn.query}`;
  let target: string | undefined;
  if (isScoped) target = to + query;
  else if (key === 'redirectmatch') target = matchRedirectPattern(from, to, turn.path, query);
  else {
    const rest = matchPrefix(from, turn.path);
    target = rest === undefined ? undefined : to + rest + (to.includes('?') ? '' : query);
  }
  if (target === undefined) return undefined;
  const directives = scope === undefined ? [directive] : [directive, scope];
  if (status >= 300 && status < 400)
    return { serve: { kind: 'redirect', status, location: target }, traits: {}, directives };
  return { serve: { kind: 'respond', status, body: undefined, type: undefined }, traits: {}, directives };
}

function matchRedirectPattern(pattern: string, to: string, path: string, query: string): string | undefined {
  const compiled = compilePcre(pattern);
  if ('problem' in compiled || regionsOfPattern(pattern, 'path') === undefined) return undefined;
  const match = compiled.regExp.exec(path);
  if (match === null) return undefined;
  const filled = to.replace(/\$(\d)/g, (_, index: string) => match[Number(index)] ?? '');
  return filled.includes('?') ? filled : filled + query;
}

/** `ErrorDocument 404 /missing.html`, where the page is a file. */
export function errorPagesOf(
  turn: Turn,
  sections: readonly Section[],
): { errorPages: Record<string, string>; directives: Directive[] } {
  const errorPages: Record<string, string> = {};
  const directives = [...allInSections(sections, 'errordocument')];
  for (const directive of directives) {
    const [status = '', page = ''] = directive.args;
    const found = page.startsWith('/') ? findFile(turn, page) : undefined;
    if (found !== undefined && found !== 'unsupported') errorPages[status] = found.file;
    else if (!/^default$/i.test(page))
      turn.server.report.warn(
        directive,
        `the answer to ${status} is no file, and is left out`,
        'see error-pages in the manual',
      );
  }
  return { errorPages, directives };
}

/** Aliases of the server, for the paths that they are about. */
export function aliasesOf(server: Turn['server']): Directive[] {
  return ['alias', 'scriptalias', 'aliasmatch'].flatMap((key) => serverDirectives(server, key));
}
