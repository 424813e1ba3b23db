// Files from the disk: root, alias, index, autoindex, try_files and error_page.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { FilesOutcome, Outcome } from '../../outcome.ts';
import { endingsOfPattern, isAboutDotFiles } from '../../pattern/regions.ts';
import type { ForeignDirective } from '../../report.ts';
import type { Traits } from '../../traits.ts';
import { allLocations } from '../locations.ts';
import { type Directive, wordsOf } from '../parser.ts';
import type { Scope } from '../scopes.ts';
import type { Turn } from '../server.ts';
import { expandVariables } from '../variables.ts';

/** The directives of this file. */
export const FILES_ROWS: readonly DirectiveRow[] = [
  ...translated('root alias', 'files.root'),
  ...translated('index', 'files.index'),
  ...translated('autoindex', 'files.list'),
  ...translated('try_files', 'files.fallback', 'where it ends in one file or in 404'),
  ...translated('error_page', 'error-pages, files.fallback', 'where it names a file'),
  ...unneeded('autoindex_exact_size autoindex_format autoindex_localtime', 'listings have one look here'),
  ...unneeded(
    'types default_type types_hash_max_size types_hash_bucket_size charset charset_types override_charset charset_map source_charset',
    'media types come from a table; see files.types for others',
  ),
  ...unneeded(
    'gzip_static etag if_modified_since sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio directio directio_alignment output_buffers open_file_cache open_file_cache_errors open_file_cache_min_uses open_file_cache_valid disable_symlinks max_ranges log_not_found read_ahead',
    'how files are sent needs no setting',
  ),
  ...translated('internal', 'respond: 404'),
  ...missing(
    'random_index addition_types add_before_body add_after_body ssi ssi_types ssi_silent_errors xslt_stylesheet image_filter',
    'error',
    'files are sent as they are',
    'let a backend do it',
  ),
];

const RESPOND_404 = { kind: 'respond', status: 404, body: undefined, type: undefined } as const;

/** What the disk answers. */
export function answerFromDisk(turn: Turn): Outcome {
  const tries = turn.isInner ? undefined : readTries(turn);
  const file = findFile(turn, tries?.fixed ?? turn.state.uri);
  if (file === undefined) return { serve: RESPOND_404, traits: {}, directives: [] };
  const { scope } = turn;
  const index = scope.find('index');
  const list = scope.find('autoindex');
  const served: FilesOutcome = {
    kind: 'files',
    file: file.path,
    index: tries?.fixed === undefined ? indexNames(index) : [],
    list: list !== undefined && wordsOf(list)[0] === 'on',
    missing: tries?.missing ?? (turn.isInner ? undefined : findErrorFallback(turn)),
  };
  const used = [file.directive, index, list, tries?.directive].flatMap((directive) => directive ?? []);
  if (tries !== undefined && !tries.triesFile && tries.fixed === undefined) {
    return { serve: tries.missing ?? RESPOND_404, traits: {}, directives: [tries.directive, ...used] };
  }
  return { serve: served, traits: guardFiles(turn), directives: used };
}

function indexNames(index: Directive | undefined): string[] {
  return (index === undefined ? ['index.html'] : wordsOf(index)).map((name) => name.replace(/^\//, ''));
}

/**
 * Patterns that cannot be said and that deny something or hand it to a program: as files it would give away what it guards,
 * or its source. Endings are left out; where the pattern is about something else, nobody may ask for any file.
 */
function guardFiles({ server }: Turn): Traits {
  const guards = allLocations(server.locations).filter(
    ({ directive, problem, text }) => problem !== undefined && !isAboutDotFiles(text) && isGuard(directive),
  );
  const endings = guards.map(({ text }) => endingsOfPattern(text));
  if (endings.includes(undefined)) return { isClosed: true };
  const excluded = [...new Set(endings.flatMap((list) => list ?? []))];
  return excluded.length === 0 ? {} : { excluded };
}

/** Whether a block denies what it is about, or hands it to a program or another server. */
export function isGuard({ block = [] }: Directive): boolean {
  return block.some(
    (inner) =>
      inner.name === 'deny' ||
      inner.name.endsWith('_pass') ||
      (inner.name === 'return' && /^4/.test(wordsOf(inner)[0] ?? '')),
  );
}

/** The file for a path: `root` and the path, or `alias` and what is behind the location's prefix. */
function findFile(turn: Turn, uri: string): { path: string; directive: ForeignDirective } | undefined {
  const { scope, state, server, location } = turn;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const [alias] = at.own('alias');
    const [root] = at.own('root');
    const directive = alias ?? root;
    if (directive === undefined) continue;
    const { text, unknown } = expandVariables(wordsOf(directive)[0] ?? '', state);
    if (unknown.length > 0) {
      server.http.report.error(
        directive,
        `the folder depends on ${unknown.join(', ')}`,
        'write one site or mount for each folder',
      );
      return undefined;
    }
    if (alias === undefined) return { path: text.replace(/\/+$/, '') + uri, directive };
    if (location?.kind === 'pattern') return { path: text, directive };
    return { path: text + uri.slice(location?.text.length ?? 0), directive };
  }
  // nginx has a folder of its own then, with a page that welcomes to nginx.
  return undefined;
}

interface Tries {
  readonly directive: Directive;
  /** Whether the file of the path itself is among what is tried. */
  readonly triesFile: boolean;
  /** The path that is tried first instead, in a location of exactly one path. */
  readonly fixed: string | undefined;
  readonly missing: Outcome['serve'];
}

/** `try_files` of the location itself or of the server for its files. */
function readTries(turn: Turn): Tries | undefined {
  const directive = turn.scope.find('try_files');
  if (directive === undefined) return undefined;
  const { report } = turn.server.http;
  const words = wordsOf(directive);
  const last = words.at(-1) ?? '';
  const checks = words.slice(0, -1);
  const [first = ''] = checks;
  const isFixed = turn.location?.kind === 'exact' && /^\/[^$]*[^$/]$/.test(first);
  const fixed = isFixed ? first : undefined;
  const others = checks.filter((check) => !/^\$\{?uri\}?\/?$/.test(check) && check !== '' && check !== fixed);
  if (others.length > 0)
    report.warn(directive, `${others.join(', ')} is not looked for`, 'only the file itself and one fallback are');
  const triesFile = checks.some((check) => /^\$\{?uri\}?$/.test(check));
  const status = /^=(\d{3})$/.exec(last)?.[1];
  if (status !== undefined) return { directive, triesFile, fixed, missing: { ...RESPOND_404, status: Number(status) } };
  const { text } = expandVariables(last, turn.state);
  return { directive, triesFile, fixed, missing: turn.redirect(last.startsWith('@') ? last : text).serve };
}

/** `error_page 404 =200 /index.html` is a fallback by another name. */
function findErrorFallback(turn: Turn): Outcome['serve'] | undefined {
  for (const directive of turn.scope.all('error_page')) {
    const words = wordsOf(directive);
    if (!words.includes('404') || !words.some((word) => /^=(?:200)?$/.test(word))) continue;
    turn.server.http.report.contribute(directive);
    return turn.redirect(words.at(-1) ?? '').serve;
  }
  return undefined;
}

/** Pages for statuses, where they are files. */
export function errorPageTraits(turn: Turn): { traits: Traits; directives: readonly Directive[] } {
  const pages: Record<string, string> = {};
  const used: Directive[] = [];
  const { report } = turn.server.http;
  for (const directive of turn.scope.all('error_page')) {
    const words = wordsOf(directive);
    const name = words.at(-1) ?? '';
    used.push(directive);
    if (words.some((word) => /^=(?:200)?$/.test(word))) continue;
    const { serve } = turn.redirect(name);
    const statuses = words.slice(0, -1).filter((word) => /^\d{3}$/.test(word));
    if (serve.kind === 'files' && /^\/[^$]*$/.test(name)) for (const status of statuses) pages[status] = serve.file;
    else
      report.warn(
        directive,
        `the page for ${statuses.join(', ')} is no file, and is left out`,
        'see error-pages in the manual',
      );
  }
  return { traits: Object.keys(pages).length > 0 ? { errorPages: pages } : {}, directives: used };
}
