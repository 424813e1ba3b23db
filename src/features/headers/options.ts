// The options of `headers`: what is taken out of, put into and added to requests and responses.
import { z } from 'zod';
import { type HeaderSide, headerNameOption, headerValueOption } from '../../exchange/header-options.ts';

const values = z.union([headerValueOption().transform((value) => [value]), z.array(headerValueOption()).min(1)]);

/** The schema of `headers`. */
export const headersOptions = z
  .strictObject({
    request: changesOf('request').optional().describe('Changes of what the backend is sent.'),
    response: changesOf('response')
      .optional()
      .describe('Changes of what the client is sent, error pages of our own included.'),
  })
  .refine(
    ({ request, response }) => request !== undefined || response !== undefined,
    'expected "request", "response" or both',
  )
  .describe(
    'Changes headers on both ways. Each side has `remove` (a list of names), then `set` (headers that take the place of all of their name) and `add` (headers put behind those that are there); a list as a value makes several lines. Headers of the connection and of framing cannot be changed.',
  );

/** The options of `headers` as the handler gets them. */
export type HeadersOptions = z.output<typeof headersOptions>;

/** The changes of one side as the handler gets them. */
export type HeaderChanges = z.output<ReturnType<typeof changesOf>>;

function changesOf(side: HeaderSide) {
  const lines = z.record(headerNameOption(side), values);
  return z
    .strictObject({
      remove: z
        .array(headerNameOption(side))
        .default([])
        .describe('Names of headers that are taken out, before anything is set or added.'),
      set: lines
        .default({})
        .describe('Headers that take the place of all of their name: a value, or a list for several lines.'),
      add: lines.default({}).describe('Headers that are put behind those that are there: a value, or a list.'),
    })
    .check((context) => {
      for (const name of clashesOf(context.value)) {
        const message = `${name} is named twice; "set" replaces what is there, "add" keeps it, "remove" takes it out`;
        context.issues.push({ code: 'custom', message, input: context.value });
      }
    });
}

/** Names that are named under more than one key, or twice under one, whatever their spelling. */
function clashesOf(changes: { remove: string[]; set: object; add: object }): string[] {
  const seen = new Set<string>();
  const names = [...changes.remove, ...Object.keys(changes.set), ...Object.keys(changes.add)];
  return names.filter((name) => {
    const lowerName = name.toLowerCase();
    const isKnown = seen.has(lowerName);
    seen.add(lowerName);
    return isKnown;
  });
}
