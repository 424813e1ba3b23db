// Files that Apache denies by their names or hands to a program: sent as they are, they would give away what is guarded, or their source.
import { endingsOfPattern, isAboutDotFiles } from '../../pattern/regions.ts';
import type { Traits } from '../../traits.ts';
import type { Directive } from '../parser.ts';
import type { Section } from '../sections.ts';
import { STATUS_HANDLERS } from './files.ts';

/** What is said about names of files. */
export interface NamedFiles {
  /** As written. */
  readonly name: string;
  /** Undefined where it is not about endings alone. */
  readonly endings: readonly string[] | undefined;
}

/** The names that a `<Files>` or `<FilesMatch>` denies or hands to a program; undefined if it does neither. */
export function guardedNames({ key, args, block = [] }: Directive): NamedFiles | undefined {
  if (key !== 'files' && key !== 'filesmatch') return undefined;
  const isDenied = block.some(
    (inner) => /^(?:require|deny)$/.test(inner.key) && /denied|from all/i.test(inner.args.join(' ')),
  );
  if (!isDenied && !block.some(isProgram)) return undefined;
  const isPattern = key === 'filesmatch' || args[0] === '~';
  const name = (args[0] === '~' ? args[1] : args[0]) ?? '';
  if (isPattern ? isAboutDotFiles(name) : name.startsWith('.ht')) return undefined;
  if (isPattern) return { name, endings: endingsOfPattern(name) };
  return { name, endings: /^\*[^*?[/]+$/.test(name) ? [name.slice(1)] : undefined };
}

/** What keeps such files from being served: their endings, or nothing is where the names are not endings. */
export function excludedFiles(sections: readonly Section[]): Traits {
  const directives = sections.flatMap(({ list }) => list);
  const guarded = directives.flatMap((directive) => guardedNames(directive) ?? []);
  const isRun = directives.some((directive) => directive.key === 'sethandler' && isProgram(directive));
  if (isRun || guarded.some(({ endings }) => endings === undefined)) return { isClosed: true };
  const added = directives.filter(({ key, args }) => /^add(?:handler|type)$/.test(key) && isProgramName(args[0] ?? ''));
  const extensions = added.flatMap(({ args }) => args.slice(1).map((text) => `.${text.replace(/^\./, '')}`));
  const excluded = [...new Set([...guarded.flatMap(({ endings }) => endings ?? []), ...extensions])];
  return excluded.length === 0 ? {} : { excluded };
}

function isProgram({ key, args }: Directive): boolean {
  const [handler = ''] = args;
  return key === 'sethandler' && !STATUS_HANDLERS.test(handler) && !/^(?:none|default-handler)$/i.test(handler);
}

/** Handlers and media types that stand for running the file. */
function isProgramName(name: string): boolean {
  return /php|cgi|perl|python|wsgi|proxy:|server-parsed/i.test(name);
}
