// AcmeError: why there is no certificate: what the CA said in its own words, or what kept us from asking it.

/**
 * `unreachable`: no answer. `malformed`: an answer that RFC 8555 does not allow. `refused`: a problem document.
 * `local`: it ended on our side: a hook, a check, a file.
 */
export type AcmeErrorKind = 'unreachable' | 'malformed' | 'refused' | 'local';

/** What is known besides the message. */
export interface AcmeErrorFacts {
  /** The type of a problem document without `urn:ietf:params:acme:error:`, such as `rateLimited`. */
  readonly type?: string | undefined;
  readonly status?: number | undefined;
  /** How long to wait before the next attempt, in the CA's opinion. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A failure on the way to a certificate. The message is one line for the operator. */
export class AcmeError extends Error {
  override name = 'AcmeError';
  readonly kind: AcmeErrorKind;
  readonly type: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: AcmeErrorKind, message: string, facts: AcmeErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.kind = kind;
    this.type = facts.type;
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Whatever was thrown as an {@link AcmeError}. */
export function toAcmeError(thrown: unknown): AcmeError {
  if (thrown instanceof AcmeError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AcmeError('local', message, { cause: thrown });
}

/** Longer words of others are cut. */
const WORDS_LIMIT = 600;

/** Words of somebody else as part of one line: without control characters, and not endless. */
export function quoteWords(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > WORDS_LIMIT ? `${line.slice(0, WORDS_LIMIT)}...` : line;
}
