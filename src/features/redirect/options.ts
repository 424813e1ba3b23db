// The options of `redirect`: where to, with which status, and what becomes of the query.
import { z } from 'zod';
import { countOption } from '../../exchange/option-types.ts';
import { checkTemplate } from './location.ts';

const STATUSES = [301, 302, 303, 307, 308];

/** The schema of `redirect`. A text in its place means `to`. */
export const redirectOptions = z
  .strictObject({
    to: z
      .string({ error: 'expected a path or a URL' })
      .check((context) => {
        const message = checkTemplate(context.value);
        if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
      })
      .describe(
        'Where to: a path of the same site (`/new`) or a URL (`https://www.example.org/new`). Placeholders: `{path}` the path of the request, `{rest}` what of it lies below the mount (without a slash in front), `{query}`, `{host}` without port, `{scheme}`.',
      ),
    status: countOption(301)
      .refine((status) => STATUSES.includes(status), 'expected 301, 302, 303, 307 or 308')
      .prefault(307)
      .describe(
        '307 and 308 keep the method, 303 turns it into GET, 301 and 302 do so with POST. Browsers keep 301 and 308 for good: a mistake in them cannot be taken back.',
      ),
    query: z
      .enum(['keep', 'drop'])
      .optional()
      .describe(
        'Whether the query of the request goes along. Default: `keep`, but `drop` where `to` has a `{query}` of its own.',
      ),
  })
  .refine(({ to, query }) => query !== 'keep' || !to.includes('{query}'), {
    message: 'the query would be there twice: "to" has {query} in it',
    path: ['query'],
  })
  .describe('Sends clients to another address.');

/** The options of `redirect` as the handler gets them. */
export type RedirectOptions = z.output<typeof redirectOptions>;
