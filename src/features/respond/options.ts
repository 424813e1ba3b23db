// The options of `respond`: a fixed answer.
import { z } from 'zod';
import { headerNameOption, headerValueOption, mediaTypeOption } from '../../exchange/header-options.ts';
import { countOption } from '../../exchange/option-types.ts';

/** RFC 9110 §15.3.5, §15.3.6, §15.4.5: statuses that have no content. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** RFC 9110 §15.5.2, §15.5.6: statuses that need a header to be understood. */
const NEEDED_HEADERS: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate',
  405: 'Allow',
  407: 'Proxy-Authenticate',
};

/** The schema of `respond`. A number in its place means `status`. */
export const respondOptions = z
  .strictObject({
    status: countOption(200)
      .refine((status) => status <= 599, 'expected a status from 200 to 599')
      .prefault(200)
      .describe('The status. From 400 on, without a body of its own, the answer is the neutral error page.'),
    body: z.string({ error: 'expected a text' }).optional().describe('The body, as UTF-8.'),
    type: mediaTypeOption()
      .default('text/plain; charset=utf-8')
      .describe('The media type of the body, such as `application/json` or `text/html; charset=utf-8`.'),
    headers: z
      .record(headerNameOption('response'), headerValueOption())
      .default({})
      .describe('Further headers of the answer.'),
  })
  .check((context) => {
    for (const message of mistakesIn(context.value))
      context.issues.push({ code: 'custom', message, input: context.value });
  })
  .describe('Answers every request alike.');

/** The options of `respond` as the handler gets them. */
export type RespondOptions = z.output<typeof respondOptions>;

function mistakesIn({
  status,
  body,
  headers,
}: {
  status: number;
  body?: string | undefined;
  headers: object;
}): string[] {
  const mistakes: string[] = [];
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  if (body !== undefined && WITHOUT_BODY.has(status)) mistakes.push(`an answer with status ${status} has no body`);
  if (names.has('content-type')) mistakes.push('the type of the body is said with "type"');
  const needed = NEEDED_HEADERS[status];
  if (needed !== undefined && !names.has(needed.toLowerCase()))
    mistakes.push(`an answer with status ${status} needs the header ${needed}`);
  return mistakes;
}
