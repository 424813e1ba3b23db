// The options of `files`: a folder, and how it is served.
import { z } from 'zod';
import { mediaTypeOption } from '../../exchange/header-options.ts';
import { pathOption, sizeOption } from '../../exchange/option-types.ts';
import { type CacheRule, isCachePattern, parseCacheWord } from './cache-control.ts';

/** Content codings in the order in which they are preferred, and what files that hold them are called. */
export const CODING_SUFFIXES = { br: '.br', zstd: '.zst', gzip: '.gz' } as const;

/** A content coding that a sibling of a file may have. */
export type FileCoding = keyof typeof CODING_SUFFIXES;

const CODINGS = ['br', 'zstd', 'gzip'] as const satisfies readonly FileCoding[];

const fileName = z
  .string({ error: 'expected the name of a file' })
  .regex(/^(?!\.\.?$)[^/\\\0]+$/, 'expected the name of a file, without slashes');

const innerPath = z
  .string({ error: 'expected a path below the root' })
  .refine(
    (path) => path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..'),
    'expected a path below the root, such as index.html, without "./", "../" or a slash in front',
  );

const cacheWord = z
  .string({ error: 'expected "immutable", "revalidate", "never" or a duration' })
  .transform((word, context) => {
    try {
      return parseCacheWord(word);
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'expected "immutable", "revalidate", "never" or a duration such as 1h',
      });
      return z.NEVER;
    }
  });

const cachePattern = z
  .string()
  .refine(isCachePattern, 'expected "*", an ending such as "*.css", a folder such as "assets/" or the path of a file');

const excludedEnding = z
  .string()
  .regex(/^\*[^*/\\]+$/, 'expected an ending such as "*.bak" or "*~"')
  .transform((text) => text.slice(1).toLowerCase());

const extension = z
  .string()
  .regex(/^\.?[^./\\]+$/, 'expected an extension such as "md"')
  .transform((text) => text.replace(/^\./, '').toLowerCase());

const fallbackObject = z.strictObject({
  file: innerPath.describe('The file that answers, as a path below the root.'),
  extensions: z
    .boolean()
    .default(false)
    .describe(
      'Whether it answers for missing names with an extension too, such as /user/jane.doe. A missing script is then answered with a page.',
    ),
});

/** The schema of `files`. A plain text in its place means `root`. */
export const filesOptions = z
  .strictObject({
    root: pathOption().describe(
      'The folder whose content is served; a file, if the mount is exactly one path. Relative to the configuration. It must exist at the start.',
    ),
    index: z
      .union([z.literal(false).transform((): string[] => []), fileName.transform((name) => [name]), z.array(fileName)])
      .prefault('index.html')
      .describe('Files that answer for their folder; the first that exists. `false` for none.'),
    fallback: z
      .union([innerPath.transform((file) => ({ file, extensions: false })), fallbackObject])
      .optional()
      .describe(
        'A file that answers where nothing else is, for single-page applications that do their own routing. Only to requests of a browser for a document (GET or HEAD that accept text/html by name); missing scripts, styles and images stay 404.',
      ),
    list: z
      .boolean()
      .default(false)
      .describe(
        'Whether a folder without index file shows its content, as a page or, if asked for, as JSON. Everybody can then see every name.',
      ),
    hidden: z
      .boolean()
      .default(false)
      .describe(
        'Whether files and folders whose names start with a dot are served. `.well-known` always is. Leave this off where `.git`, `.env` or `.htpasswd` may lie in the folder.',
      ),
    exclude: z
      .array(excludedEnding)
      .default([])
      .describe(
        'Endings of names that are not served and not listed, such as `*.bak`, `*~` or `*.php`: source code and left-overs in the folder. Case does not matter.',
      ),
    precompressed: z
      .union([
        z.boolean().transform((isOn): readonly FileCoding[] => (isOn ? CODINGS : [])),
        z
          .array(z.enum(CODINGS))
          .transform((list): readonly FileCoding[] => CODINGS.filter((coding) => list.includes(coding))),
      ])
      .prefault(true)
      .describe(
        'Whether `app.js.br`, `app.js.zst` or `app.js.gz` is sent in place of `app.js` to clients that take it. One that is older than its file is left alone.',
      ),
    cache: z
      .union([
        cacheWord.transform((value): readonly CacheRule[] => [{ pattern: '*', value }]),
        z
          .record(cachePattern, cacheWord)
          .transform((rules): readonly CacheRule[] =>
            Object.entries(rules).map(([pattern, value]) => ({ pattern, value })),
          ),
      ])
      .prefault({})
      .describe(
        'What clients may keep without asking again: a duration such as `1h`, `immutable` (a year; for names with a hash in them), `revalidate` (ask each time), `never`; or a map from endings (`*.css`), folders (`assets/`) and files to these, where the closest wins. Without it browsers guess from the age of the file.',
      ),
    types: z
      .record(extension, mediaTypeOption())
      .transform((types): ReadonlyMap<string, string> => new Map(Object.entries(types)))
      .prefault({})
      .describe('Media types by extension, where the built-in table is not right for these files.'),
    memory: z
      .union([z.literal(false).transform(() => 0), sizeOption()])
      .prefault('32MiB')
      .describe(
        'How much memory may hold small files (up to 256KiB each) that are asked for often; shared by all mounts that say the same. A changed file is noticed within a second. `false` reads from disk each time.',
      ),
  })
  .describe('Serves a folder of files, or one file.');

/** The options of `files` as the handler gets them. */
export type FilesOptions = z.output<typeof filesOptions>;
