// The admin socket's orders about certificates: explain one, order it anew, take it back.
import { AcmeError } from '../../acme/acme-error.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../../acme/issuer.ts';
import type { TlsSites } from '../tls-sites.ts';
import type { AdminAnswer } from './api.ts';

/** What can be done with the certificate of a name. */
export type CertificateAction = 'explain' | 'renew' | 'revoke';

/** Carries out an order. `question` has `host`, and `reason` for a revocation; the answer is a `CertificateReport`. */
export async function answerForCertificate(
  tls: TlsSites,
  action: CertificateAction,
  question: URLSearchParams,
  port: number,
): Promise<AdminAnswer> {
  const host = (question.get('host') ?? '').toLowerCase();
  const reason = question.get('reason') ?? 'unspecified';
  if (host === '') return { status: 400, body: { error: 'host is missing' } };
  if (!isReason(reason)) return { status: 400, body: { error: `no such reason: ${reason}` } };
  const report = tls.report(host, port);
  if (action !== 'explain' && report.from !== 'acme')
    return { status: 409, body: { error: `the certificate of ${host} is not one that is fetched from a CA` } };
  if (action === 'explain') return { status: 200, body: report };
  if (action === 'renew') return { status: 200, body: await tls.renewNow(host, port) };
  try {
    return { status: 200, body: await tls.revoke(host, port, reason) };
  } catch (error) {
    if (!(error instanceof AcmeError)) throw error;
    return { status: 409, body: { error: error.message } };
  }
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text);
}
