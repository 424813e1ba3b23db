// The report of an examination for people: by kind of finding, each with what would mend it.
import type { DoctorReport } from './examine.ts';
import { type Finding, TITLES } from './finding.ts';

/** How many findings of a kind are shown in full; --json has all. */
const SHOWN_PER_KIND = 10;

/** Prints the report. */
export function printReport(report: DoctorReport): string {
  const { url, mount, requests, pages, endedBy, browserPages, browserMissing, findings } = report;
  const browser = browserPages === null ? `no browser: ${browserMissing}` : `${browserPages} of them in a browser`;
  const lines = [
    `${url}, mounted at ${mount}`,
    `${requests} requests, ${pages} pages; ${browser}`,
    ...(endedBy === null ? [] : [`Not everything was seen: the bound of ${BOUND_FLAGS[endedBy]} was reached.`]),
    ...(report.backends.length === 0
      ? ['No address of the backend is known: leaks and escapes are not looked for.']
      : []),
    '',
    ...Object.entries(TITLES).flatMap(([kind, title]) =>
      printKind(
        title,
        findings.filter((one) => one.kind === kind),
      ),
    ),
    findings.length === 0 ? 'Nothing found.' : `${findings.length} found.`,
  ];
  return `${lines.join('\n')}\n`;
}

const BOUND_FLAGS = { requests: '--requests', depth: '--depth', timeMs: '--time' } as const;

function printKind(title: string, findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const more = findings.length - SHOWN_PER_KIND;
  const lines = findings.slice(0, SHOWN_PER_KIND).flatMap(printFinding);
  return [title, ...lines, ...(more > 0 ? [`  and ${more} more; --json lists them`] : []), ''];
}

function printFinding({ subject, at, detail, remedy, count }: Finding): string[] {
  const times = count === 1 ? '' : `, ${count} times`;
  const { key, value, advice } = remedy;
  const setting = key === undefined ? '' : `${key}${value === undefined ? '' : `: ${JSON.stringify(value)}`} | `;
  return [`  ${subject}`, `    at ${at}${times}: ${detail}`, `    ${setting}${advice}`];
}
