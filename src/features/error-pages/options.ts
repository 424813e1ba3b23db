// The options of `errors`: which page for which status.
import { z } from 'zod';
import { pathOption } from '../../exchange/option-types.ts';

/** `404`, or `4xx` and `5xx` for all of a class. */
const STATUS = /^(?:[45]\d\d|[45]xx)$/;

/** The schema of `errors`. */
export const errorPagesOptions = z
  .object({
    upstream: z
      .boolean()
      .default(false)
      .describe(
        'Whether answers of the backend are replaced too, for clients that ask for a page by its media type. Otherwise the pages stand for failures of our own only.',
      ),
  })
  .catchall(
    pathOption().describe(
      'The file with the page for a status (`404`) or for a class (`5xx`), where the status wins. Read once, at the start and at each reload.',
    ),
  )
  .check((context) => {
    const keys = Object.keys(context.value).filter((key) => key !== 'upstream');
    const unknown = keys.filter((key) => !STATUS.test(key));
    if (unknown.length > 0) context.issues.push({ code: 'unrecognized_keys', keys: unknown, input: context.value });
    if (keys.length > 0) return;
    const message = 'expected a page for at least one status, such as 404: ./404.html or 5xx: ./sorry.html';
    context.issues.push({ code: 'custom', message, input: context.value });
  });

/** The options of `errors` as the handler gets them. */
export type ErrorPagesOptions = z.output<typeof errorPagesOptions>;
