// The options of `rewrite`: how far the URLs of a proxied application are rewritten.
import { z } from 'zod';
import { isBasePath, parseBaseUrl } from '../../rewrite/base-url.ts';
import type { Language } from '../../rewrite/select.ts';

const LANGUAGES = [
  'html',
  'xhtml',
  'css',
  'javascript',
  'json',
  'manifest',
  'importmap',
  'xml',
  'playlist',
  'text',
  'off',
] as const satisfies readonly (Language | 'off')[];

const alsoUrl = z.string({ error: 'expected a URL such as http://backend.internal:8080' }).check((context) => {
  try {
    parseBaseUrl(context.value);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'no base URL';
    context.issues.push({ code: 'custom', message, input: context.value });
  }
});

const exceptPath = z
  .string({ error: 'expected a path such as /static/' })
  .refine((path) => path.startsWith('/') && isBasePath(path), 'expected a plain path such as /static/')
  .transform((path) => (path.endsWith('/') ? path : `${path}/`));

const mediaType = z
  .string()
  .toLowerCase()
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/, 'expected a media type such as text/plain');

const rootRelative = z
  .string()
  .regex(/^\/(?!\/)[\x21-\x7e]*$/, 'expected a root-relative URL such as /api/v1, exactly as it is written');

const autoOnOff = z.enum(['auto', 'on', 'off'], { error: 'expected "auto", "on" or "off"' });

/** The long form. */
const rewriteMap = z.strictObject({
  also: z
    .array(alsoUrl)
    .default([])
    .describe(
      'Other names of the backend, such as http://backend.internal:8080, whose URLs are rewritten too. The addresses in `proxy` are known, and so are localhost, 127.0.0.1 and [::1] for one another.',
    ),
  except: z
    .array(exceptPath)
    .default([])
    .describe(
      'Paths of the site, such as /static/, at and below which links are left as they are: parts of the site that the application links to on purpose.',
    ),
  prefix: z
    .enum(['auto', 'add', 'keep'], { error: 'expected "auto", "add" or "keep"' })
    .default('auto')
    .describe(
      'What happens to a root-relative URL. auto: it gets the path of the mount, unless it lies below it already, because some applications know their prefix. add: always, for a backend that has a route named like the mount. keep: never; only URLs with the name of the backend are rewritten.',
    ),
  types: z
    .record(mediaType, z.enum(LANGUAGES, { error: `expected one of ${LANGUAGES.join(', ')}` }))
    .default({})
    .describe(
      'How bodies of a media type are read, instead of what is usual: a language, or off. text/plain: text has plain texts searched for URLs of the backend, which damages what is meant to arrive byte for byte.',
    ),
  strings: z
    .array(rootRelative)
    .default([])
    .describe(
      'Root-relative URLs in scripts and JSON, exactly as they are written there. Such strings are left alone otherwise: nothing tells them from other text.',
    ),
  text: z
    .boolean()
    .default(true)
    .describe('Whether URLs of the backend that stand in the text of pages, where they can be read, are rewritten.'),
  nested: z
    .boolean()
    .default(true)
    .describe('Whether percent-encoded URLs of the backend inside other URLs, as in ?next=http%3A%2F%2F..., are too.'),
  rescue: z
    .boolean()
    .default(true)
    .describe(
      'Whether a request that nothing on the site serves is redirected (307) into this mount if a page of it asks, as its Referer says. Each use is logged and counted: `portico leaks` shows them. For that a Referrer-Policy of the application that hides paths from its own origin is relaxed; other origins learn no more than before. Only for mounts below a path.',
    ),
  shim: autoOnOff
    .default('auto')
    .describe(
      'Whether pages get a script, first in their head, that maps URLs built while they run: those of fetch, sockets, workers, elements, navigation. auto: where root-relative URLs get the path of the mount. on: on other mounts too. off: never; what scripts build then leads out of the mount. Policies of the page get what lets the script in, and nothing else.',
    ),
  spa: autoOnOff
    .default('auto')
    .describe(
      'Whether routers of single-page applications see the URL without the path of the mount while they look at it; the address bar stays true. auto: in documents whose own scripts are all named from the root. on: in every document, which breaks applications that find out their prefix by themselves. off: never; routers then show "not found". Needs the shim.',
    ),
});

/** The schema of `rewrite`. */
export const rewriteOptions = z
  .union([
    z.literal(false).transform(() => 'off' as const),
    z.enum(['off', 'headers'], { error: 'expected "off", "headers" or a map' }),
    rewriteMap,
  ])
  .describe(
    'How the URLs of the application are rewritten: those with the address of the backend everywhere, those that begin at its root where the mount has another path. On by default: in headers, cookies and the bodies of HTML, CSS, scripts, JSON, XML, event streams and playlists; other bodies pass untouched. headers: only in headers, for applications that know their public address. off: nowhere; only the path of requests is mapped, and what the application says of its own address reaches the client.',
  );

/** The options of `rewrite` as they are used. */
export type RewriteOptions = z.output<typeof rewriteOptions>;

/** The long form with all defaults. */
export type RewriteMap = z.output<typeof rewriteMap>;

/** What a mount without the key does. */
export const DEFAULT_REWRITE: RewriteMap = rewriteMap.parse({});
