// What CAs answer: the shapes of RFC 8555 and RFC 9773, checked before anything is believed, and problem documents.
import { z } from 'zod';
import { parseUrl } from '../util/parse-url.ts';
import { AcmeError, type AcmeErrorFacts, quoteWords } from './acme-error.ts';

const URL_LIMIT = 2048;
/** The most identifiers of an order, and authorizations, that are looked at; we ask for one. */
const LIST_LIMIT = 100;

/** RFC 8555 §6.1: ACME goes over https only. */
const httpsUrl = z
  .string()
  .max(URL_LIMIT)
  .refine((text) => parseUrl(text)?.protocol === 'https:', 'expected a URL that begins with https://');

const problem = z.object({
  type: z.string().max(200).optional(),
  detail: z.string().optional(),
  status: z.number().optional(),
  subproblems: z
    .array(
      z.object({
        type: z.string().optional(),
        detail: z.string().optional(),
        identifier: z.object({ value: z.string() }).optional(),
      }),
    )
    .max(LIST_LIMIT)
    .optional(),
});

/** RFC 8555 §7.1.1, RFC 9773 §4.1. */
const directory = z.object({
  newNonce: httpsUrl,
  newAccount: httpsUrl,
  newOrder: httpsUrl,
  revokeCert: httpsUrl.optional(),
  renewalInfo: httpsUrl.optional(),
  meta: z
    .object({
      termsOfService: z.string().max(URL_LIMIT).optional(),
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});

/** RFC 8555 §7.1.2. */
const account = z.object({ status: z.enum(['valid', 'deactivated', 'revoked']) });

/** RFC 8555 §7.1.3. */
const order = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(httpsUrl).min(1).max(LIST_LIMIT),
  finalize: httpsUrl,
  certificate: httpsUrl.optional(),
  error: z.unknown().optional(),
});

/** RFC 8555 §8. The token must have 128 bits at least and be base64url, as it becomes part of paths (§8.3). */
const challenge = z.object({
  type: z.string().max(100),
  url: httpsUrl,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']).optional(),
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22,200}$/)
    .optional(),
  error: z.unknown().optional(),
});

/** RFC 8555 §7.1.4. */
const authorization = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: z.object({ type: z.string(), value: z.string().max(300) }),
  challenges: z.array(challenge).max(LIST_LIMIT),
});

const instant = z
  .string()
  .max(64)
  .transform((text, context) => {
    const epochMs = Date.parse(text);
    if (Number.isNaN(epochMs)) context.addIssue({ code: 'custom', message: 'expected a date' });
    return epochMs;
  });

/** RFC 9773 §4.2. */
const renewalInfo = z.object({
  suggestedWindow: z
    .object({ start: instant, end: instant })
    .refine(({ start, end }) => end > start, 'expected an end behind the start'),
  explanationURL: z.string().max(URL_LIMIT).optional(),
});

/** Every kind of answer by its name. */
export const SHAPES = { directory, account, order, authorization, challenge, renewalInfo } as const;

export type Directory = z.output<typeof directory>;
export type Order = z.output<typeof order>;
export type Authorization = z.output<typeof authorization>;
export type Challenge = z.output<typeof challenge>;
export type RenewalInfo = z.output<typeof renewalInfo>;

/** An answer of the shape `what`. Throws {@link AcmeError} of kind `malformed`, which says what is wrong with it. */
export function parseAnswer<Name extends keyof typeof SHAPES>(
  what: Name,
  text: string,
): z.output<(typeof SHAPES)[Name]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AcmeError('malformed', `the CA answered no JSON where its ${what} was expected`, { cause });
  }
  const parsed = SHAPES[what].safeParse(json);
  // The union of all shapes by `what`: zod's types do not follow it.
  if (parsed.success) return parsed.data as z.output<(typeof SHAPES)[Name]>;
  const [issue] = parsed.error.issues;
  const place =
    issue === undefined ? '' : ` at ${quoteWords(`${issue.path.join('.') || 'the top'}: ${issue.message}`)}`;
  throw new AcmeError('malformed', `the CA answered a wrong ${what}${place}`, { cause: parsed.error });
}

const URN = 'urn:ietf:params:acme:error:';

/**
 * The failure that a problem document (RFC 9457) tells of, with that of every identifier (RFC 8555 §6.7.1) behind it.
 * `value` is what the CA sent, whatever that is.
 */
export function problemError(value: unknown, facts: Pick<AcmeErrorFacts, 'status' | 'retryAfterMs'> = {}): AcmeError {
  const parsed = problem.safeParse(value);
  const { type, detail, status, subproblems = [] } = parsed.success ? parsed.data : {};
  const shortType = type?.startsWith(URN) ? type.slice(URN.length) : type;
  const inner = subproblems.map((sub) => `${sub.identifier?.value ?? ''}: ${sub.detail ?? sub.type ?? ''}`);
  const words = quoteWords([detail ?? '', ...inner].filter((text) => text !== '').join('; '));
  const shownStatus = facts.status ?? status;
  const kind = [shortType, shownStatus].filter((part) => part !== undefined).join(', ');
  const said = words === '' ? 'the CA refused without a word' : `the CA said: "${words}"`;
  return new AcmeError('refused', kind === '' ? said : `${said} (${quoteWords(kind)})`, {
    type: shortType,
    status: shownStatus,
    retryAfterMs: facts.retryAfterMs,
  });
}
