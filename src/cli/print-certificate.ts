// A report about the certificate of a name, as lines for people.
import type { CertificateReport, ShownCertificate } from '../server/certificate-report.ts';

/** One block of lines. */
export function printCertificateReport(report: CertificateReport): string {
  const { host, site, from, certificates, reasons, files, renewal, failure, isBusy } = report;
  const lines = [
    `${host}${site === undefined ? '' : ` (site ${site})`}: ${SUMMARIES[from]}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...certificates.flatMap(printCertificate),
    ...(certificates.length === 0 && from !== 'local'
      ? ['  no certificate: handshakes for this name are refused']
      : []),
    ...files.map((file) => `  kept in ${file}`),
    ...(renewal === undefined ? [] : [`  renewed ${printInstant(renewal.atMs)}, ${renewal.why}`]),
    ...(isBusy === true ? ['  an order is under way'] : []),
  ];
  if (failure !== undefined) {
    const { error, atMs, nextMs, failures } = failure;
    const count = failures === 1 ? '' : ` (${failures} attempts in a row came to nothing)`;
    lines.push(
      `  last attempt ${printInstant(atMs)} failed${count}:`,
      `    ${error}`,
      `  next attempt ${printInstant(nextMs)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const SUMMARIES: Readonly<Record<CertificateReport['from'], string>> = {
  files: 'a certificate from files',
  acme: 'a certificate that is fetched from a CA',
  local: 'a certificate of the local CA',
  none: 'no certificate',
};

function printCertificate({ names, issuer, serial, fromMs, toMs, keyKind }: ShownCertificate): string[] {
  return [
    `  for ${names}, ${keyKind} key, serial ${serial}`,
    `  issued by ${issuer}`,
    `  valid ${printInstant(fromMs)} to ${printInstant(toMs)}`,
  ];
}

function printInstant(epochMs: number): string {
  return new Date(epochMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}
