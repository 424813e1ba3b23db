// Which sections of an Apache configuration apply to a request, in the order in which later ones win.

import { escapeRegExp, isGlob } from '../pattern/glob.ts';
import { compilePcre } from '../pattern/pcre.ts';
import { type RegionsOfPattern, regionsOfPattern } from '../pattern/regions.ts';
import type { Directive } from './parser.ts';

/** A list of directives that holds together: the server, a virtual host, a section. */
export class Section {
  readonly directive: Directive | undefined;
  readonly list: readonly Directive[];
  readonly #byKey = new Map<string, Directive[]>();

  constructor(list: readonly Directive[], directive: Directive | undefined) {
    this.directive = directive;
    this.list = list;
    for (const inner of list) this.#byKey.set(inner.key, [...(this.#byKey.get(inner.key) ?? []), inner]);
  }

  /** The directives of that name (in lower case), in order. */
  all(key: string): readonly Directive[] {
    return this.#byKey.get(key) ?? [];
  }

  /** The last one of that name, which is the one that counts. */
  find(key: string): Directive | undefined {
    return this.all(key).at(-1);
  }
}

/** What a `<Location>` or `<Directory>` is about. */
export interface SectionScope {
  /** `path` is compared with the URL, `folder` with the file. */
  readonly of: 'path' | 'folder';
  readonly test: (text: string) => boolean;
  /** The paths of ours that it is about; undefined if there are none that say it. */
  readonly regions: RegionsOfPattern['regions'] | undefined;
}

const scopes = new WeakMap<Directive, SectionScope | undefined>();

/** The scope of a section; undefined for sections that are about something else (`<Files>`, `<If>`, `<Proxy>`). */
export function scopeOf(directive: Directive): SectionScope | undefined {
  if (!scopes.has(directive)) scopes.set(directive, findScope(directive));
  return scopes.get(directive);
}

function findScope({ key, args }: Directive): SectionScope | undefined {
  const of = key.startsWith('location') ? 'path' : key.startsWith('directory') ? 'folder' : undefined;
  if (of === undefined) return undefined;
  const isPattern = key.endsWith('match') || args[0] === '~';
  const text = (args[0] === '~' ? args[1] : args[0]) ?? '';
  if (isPattern) return patternScope(of, text);
  if (isGlob(text)) return globScope(of, text);
  const plain = text.length > 1 ? text.replace(/\/+$/, '') : text;
  const isFolder = text.endsWith('/') && of === 'path' && text !== '/';
  // `<Location /app/>` is not about `/app`; `<Directory /srv/>` is about `/srv`.
  const test = (subject: string) =>
    plain === '/' || subject.startsWith(`${plain}/`) || (!isFolder && subject === plain);
  const regions =
    plain === '/' ? [{ path: '/', kind: 'subtree' } as const] : [{ path: `${plain}/`, kind: 'subtree' } as const];
  return { of, test, regions };
}

function patternScope(of: SectionScope['of'], pattern: string): SectionScope {
  const compiled = compilePcre(pattern);
  const found = of === 'path' ? regionsOfPattern(pattern, 'path') : undefined;
  const canTest = 'regExp' in compiled && (of === 'folder' || found !== undefined);
  return { of, test: canTest ? (subject) => compiled.regExp.test(subject) : () => false, regions: found?.regions };
}

/** `*` and `?` do not match a slash. */
function globScope(of: SectionScope['of'], glob: string): SectionScope {
  const source = escapeRegExp(glob).replace(/\\\*/g, '[^/]*').replace(/\\\?/g, '[^/]');
  const regExp = new RegExp(`^${source}(?:/|$)`);
  return { of, test: (subject) => regExp.test(subject), regions: undefined };
}

/** What is known of the request when sections are chosen. */
export interface SectionSubject {
  /** Decoded. */
  readonly path: string;
  /** Undefined where no file is involved, as for a proxied request. */
  readonly file: string | undefined;
}

/**
 * The sections in force: that of the server, folders from the outermost in, patterns on folders, then locations in the
 * order of the file.
 */
export function chooseSections(levels: readonly Section[], subject: SectionSubject): Section[] {
  const sections = levels.flatMap((level) => level.list.filter((directive) => directive.block !== undefined));
  const matching = (of: SectionScope['of'], text: string) =>
    sections.filter((directive) => {
      const scope = scopeOf(directive);
      return scope?.of === of && scope.test(text);
    });
  const { file, path } = subject;
  const folders = file === undefined ? [] : matching('folder', file);
  const plain = folders.filter(({ key }) => key === 'directory').sort((a, b) => depthOf(a) - depthOf(b));
  const patterns = folders.filter(({ key }) => key !== 'directory');
  const chosen = [...plain, ...patterns, ...matching('path', path)];
  return [...levels, ...chosen.map((directive) => new Section(directive.block ?? [], directive))];
}

function depthOf({ args }: Directive): number {
  return (args[0] ?? '').split('/').filter((segment) => segment !== '').length;
}

/** The last directive of that name in the sections in force. */
export function findInSections(sections: readonly Section[], key: string): Directive | undefined {
  for (let index = sections.length - 1; index >= 0; index--) {
    const found = sections[index]?.find(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All directives of that name, in the order in which they apply. */
export function allInSections(sections: readonly Section[], key: string): Directive[] {
  return sections.flatMap((section) => section.all(key));
}
