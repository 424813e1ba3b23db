// Options of the access log: whether, in which form, where to.
import { z } from 'zod';
import { pathOption } from '../../exchange/option-types.ts';

/** The forms that a line may have. */
export const LOG_FORMATS = ['json', 'text', 'common', 'combined'] as const;

/** A form of line. */
export type LogFormat = (typeof LOG_FORMATS)[number];

const EXPECTED_FORMAT = 'expected "json", "text", "common", "combined" or "off"';

const longForm = z.strictObject({
  format: z
    .union([z.enum([...LOG_FORMATS, 'off']), z.boolean()], { error: EXPECTED_FORMAT })
    .optional()
    .describe(
      'json: one object a line, with everything that is known. text: the same for people. common, combined: the lines of Apache and nginx, for programs that read those; times in UTC. off: no line. Default: text on a terminal, json anywhere else.',
    ),
  path: pathOption()
    .optional()
    .describe(
      'The file to append to, made if missing (mode 0640); a fifo works too. Mounts with the same path share it. Default: standard output.',
    ),
});

/** `log:` in every form: `off`, `json`, `true`, or `{ format, path }`. */
export const accessLogOptions = z
  .union([z.boolean().transform((format): z.output<typeof longForm> => ({ format })), longForm])
  .transform(({ format, path }) => ({
    isOff: format === false || format === 'off',
    /** Undefined: by where the lines go. */
    format: typeof format === 'boolean' || format === 'off' ? undefined : format,
    /** Undefined: standard output. */
    path,
  }));

/** Options of the access log, after defaults. */
export type AccessLogOptions = z.output<typeof accessLogOptions>;
