// The options of `errors`: which page for which status.
import { z } from 'zod';
import { pathOption } from '../../exchange/option-types.ts';

/** `404`, or `4xx` and `5xx` for all of a class; `upstream` is a switch among them. */
const KEY = /^(?:[45]\d\d|[45]xx|upstream)$/;

/** The schema of `errors`. */
export const errorPagesOptions = z
  .record(
    z.string().regex(KEY, 'expected a status such as 404, a class such as 4xx or 5xx, or "upstream"'),
    z.union([pathOption(), z.boolean()]),
  )
  .check((context) => {
    const { upstream, ...pages } = context.value;
    const push = (message: string, path: string[], input: unknown) =>
      context.issues.push({ code: 'custom', message, path, input });
    if (upstream !== undefined && typeof upstream !== 'boolean') push('expected true or false', ['upstream'], upstream);
    for (const [status, page] of Object.entries(pages))
      if (typeof page !== 'string') push('expected a path', [status], page);
    if (Object.keys(pages).length === 0)
      push('expected a page for at least one status, such as 404: ./404.html or 5xx: ./sorry.html', [], context.value);
  })
  .transform(({ upstream, ...pages }) => ({
    upstream: upstream === true,
    pages: new Map(
      Object.entries(pages).flatMap(([status, page]) => (typeof page === 'string' ? [[status, page] as const] : [])),
    ),
  }))
  .describe(
    'Pages of your own for errors: a file for a status (`404: ./404.html`) or for a class (`5xx: ./sorry.html`), where the status wins. They are read at the start and at each reload, and stand for failures of our own; with `upstream: true` also for errors that the backend answers with, if the client asks for a page by its media type. Clients that prefer JSON or plain text get that instead.',
  );

/** The options of `errors` as the handler gets them: pages are files by `404` or `4xx`. */
export type ErrorPagesOptions = z.output<typeof errorPagesOptions>;
