// The results of the visits as text: for a terminal, and as docs/real-apps.md.
import type { RealApplication } from './application.ts';
import type { AppResult } from './run-application.ts';
import { type AppVisit, usedSockets } from './visit.ts';

/** One application: its visits, or why there are none. */
export interface Row {
  readonly app: RealApplication;
  readonly missing: string | undefined;
  readonly result: AppResult | undefined;
}

/** What one application showed, in detail. */
export function printDetails({ app, missing, result }: Row): string {
  if (result === undefined) return `${app.name}: not visited, ${missing}\n`;
  const lines = [
    `${app.name}: direct ${printVisit(result.direct)} | root ${printVisit(result.root)} | below ${printVisit(result.below)}`,
    ...result.direct.record.failed.map(({ url, why }) => `  directly: ${why} ${url}`),
    ...result.direct.record.consoleErrors.map((text) => `  directly: ${text}`),
    ...result.direct.steps.map(({ step, path, text }) => `  directly: ${step} ${path} "${text.slice(0, 100)}"`),
    ...result.rootWorse.map((text) => `  root is worse: ${text}`),
    ...result.belowWorse.map((text) => `  below is worse: ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The whole page. */
export function printPage(rows: readonly Row[]): string {
  const visited = rows.filter(({ result }) => result !== undefined);
  const worse = visited.filter(
    ({ result }) => result !== undefined && result.belowWorse.length + result.rootWorse.length > 0,
  );
  return `${[
    '# Real applications',
    '',
    'Written by `npm run apps`, which installs each application (versions in `test/fixtures/apps/`, Debian packages in',
    '`test/apps/debian-applications.ts`), starts it on loopback, and visits it in headless Chromium three times: directly,',
    'through `portico run` at the root of another host, and through it below `/app/`. No application is told of its mount,',
    'and no mount has an option besides `proxy`, but where the table says so.',
    '',
    `${visited.length} of ${rows.length} visited, ${worse.length} worse than the direct visit.`,
    '',
    'A cell holds: failed requests / console errors, then `esc` requests that went to the backend itself, `out` links that',
    'leave the mount, `ws` WebSockets in use, `t` visible characters of the first page (at most 400), and the steps',
    'taken: home, click, reload, back, forward, deep link. Zeros of `esc`, `out` and `ws` are left out. Worse is: a failed',
    'request or console error that the direct visit does not have, any escape, any link out, fewer WebSockets or more that',
    'fail, another path or text at any step (numbers aside, 90 % of the words), or an icon that is found directly only.',
    '',
    '| application | shows | direct | root of a host | below `/app/` | worse |',
    '|---|---|---|---|---|---|',
    ...rows.map(printRow),
  ].join('\n')}\n`;
}

function printRow({ app, missing, result }: Row): string {
  if (result === undefined) return `| ${app.name} | ${app.covers} | not visited: ${missing} | | | |`;
  const { direct, root, below } = result;
  const worse = [
    ...result.rootWorse.map((text) => `root: ${text}`),
    ...result.belowWorse.map((text) => `below: ${text}`),
  ];
  const options = app.mount === undefined ? '' : ` (mount: \`${JSON.stringify(app.mount)}\`)`;
  const cells = [app.name, app.covers + options, ...[direct, root, below].map(printVisit), worse.join('; ') || 'no'];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function printVisit({ record, linksOut, steps }: AppVisit): string {
  const parts = [`${record.failed.length}/${record.consoleErrors.length}`];
  const sockets = usedSockets(record);
  if (record.escapes.length > 0) parts.push(`esc${record.escapes.length}`);
  if (linksOut.length > 0) parts.push(`out${linksOut.length}`);
  if (sockets > 0) parts.push(`ws${sockets}`);
  parts.push(`t${steps[0]?.text.length ?? 0}`);
  if (steps.length > 1) parts.push(`${steps.length} steps`);
  return parts.join(' ');
}
