// `portico cert`: what clients of a name are shown and why, and orders about certificates that are fetched.
import type { CertificateReport } from '../../server/certificate-report.ts';
import { parseUrl } from '../../util/parse-url.ts';
import { askAdmin } from '../admin-client.ts';
import { findAdminSocket, socketFlag } from '../admin-socket.ts';
import { type Arguments, type Command, configFlag, jsonFlag, RunError, UsageError } from '../command.ts';
import { printCertificateReport } from '../print-certificate.ts';

const ACTIONS: Readonly<Record<string, readonly ['GET' | 'POST', string]>> = {
  explain: ['GET', '/certificate'],
  renew: ['POST', '/certificate/renew'],
  revoke: ['POST', '/certificate/revoke'],
};
/** An order takes as long as the CA does. */
const TIMEOUT_MS = 300_000;

/** Asks the running program about the certificate of a name. */
export const cert: Command = {
  name: 'cert',
  summary: 'show which certificate clients of a name are shown, and why; order it anew, or revoke it',
  operands: ['explain|renew|revoke', 'HOST'],
  flags: {
    config: configFlag,
    socket: socketFlag,
    reason: {
      kind: 'text',
      value: 'REASON',
      help: 'of a revocation: unspecified (default), keyCompromise, superseded, cessationOfOperation',
    },
    json: jsonFlag,
  },
  notes:
    'explain: what is served, where it is kept, when it expires and is renewed, and what the CA said if it refused.\nrenew: orders a certificate now, whatever is due. revoke: takes it back at its CA and orders another with a new key.\nThe exit status is 1 if the name has no certificate then.',
  async run(args, terminal) {
    const question = readQuestion(args);
    const socketPath = await findAdminSocket(args, terminal);
    if (socketPath === undefined) return 2;
    const { status, body } = await askAdmin(socketPath, question.method, question.path, TIMEOUT_MS);
    if (status !== 200)
      throw new RunError((body as { error?: string }).error ?? `the running program answered ${status}`);
    const report = body as CertificateReport;
    terminal.print(
      args.flags.has('json') ? `${JSON.stringify(report, undefined, 2)}\n` : printCertificateReport(report),
    );
    const isMissing = report.certificates.length === 0 && report.from !== 'local';
    return isMissing ? 1 : 0;
  },
};

function readQuestion({ operands, flags }: Arguments): { method: 'GET' | 'POST'; path: string } {
  const [name = '', host = ''] = operands;
  const action = ACTIONS[name];
  if (action === undefined)
    throw new UsageError(`portico cert cannot ${name}; it can ${Object.keys(ACTIONS).join(', ')}`);
  const reason = flags.text('reason');
  if (reason !== undefined && name !== 'revoke') throw new UsageError('--reason belongs to revoke');
  const [method, path] = action;
  const query = new URLSearchParams({ host: hostOf(host), ...(reason === undefined ? {} : { reason }) });
  return { method, path: `${path}?${query}` };
}

/** A URL is as good as its host. */
function hostOf(text: string): string {
  return (text.includes('://') ? parseUrl(text)?.hostname : undefined) ?? text;
}
