// `npm run apps [-- NAME...] [--https] [--no-install]`: installs the real applications, visits each three times, writes the
// table. With `--https` visitors come over TLS and HTTP/2, and nothing is written.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser } from '../../src/doctor/browser.ts';
import { watchForEnd, withScope } from '../kit/clean-up.ts';
import { projectRoot } from '../kit/project-root.ts';
import type { RealApplication } from './application.ts';
import { applicationNamed, applications } from './applications.ts';
import { installApplication } from './install.ts';
import { printDetails, printPage, type Row } from './print-table.ts';
import { runApplication } from './run-application.ts';

const args = process.argv.slice(2);
const installsDebian = !args.includes('--no-install');
const isSecure = args.includes('--https');
const names = args.filter((arg) => !arg.startsWith('--'));
const chosen = names.length === 0 ? applications : names.map(applicationNamed);

watchForEnd();
const rows: Row[] = [];
for (const app of chosen) {
  const row = await visit(app);
  rows.push(row);
  process.stdout.write(printDetails(row));
}
// The page shows all of them, or it would lose what the others showed.
if (names.length === 0 && !isSecure) writeFileSync(join(projectRoot, 'docs', 'real-apps.md'), printPage(rows));
const isWorse = rows.some(
  ({ result }) => result !== undefined && result.rootWorse.length + result.belowWorse.length > 0,
);
process.exit(isWorse ? 1 : 0);

/** A browser of its own for each: what one application leaves behind cannot meet the next. */
async function visit(app: RealApplication): Promise<Row> {
  const installation = installApplication(app, { installsDebian });
  if ('missing' in installation) return { app, missing: installation.missing, result: undefined };
  const browser = await openBrowser({ acceptsAnyCertificate: isSecure });
  try {
    const result = await withScope((owner) => runApplication(owner, browser, app, installation.folder, { isSecure }));
    return { app, missing: undefined, result };
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 3).join(' ').split('\0');
    return { app, missing: `did not start: ${reason}`, result: undefined };
  } finally {
    await browser.close();
  }
}
