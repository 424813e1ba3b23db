// One application through all three visits: directly, at the root of another host, below /app/.
import type { Browser } from 'playwright-core';
import type { Owner } from '../kit/at-end.ts';
import type { RealApplication } from './application.ts';
import { worseThan } from './compare.ts';
import { type FrontOptions, startApplication } from './start.ts';
import { type AppVisit, visitApplication } from './visit.ts';

/** The three visits, and what is worse at the two mounts. */
export interface AppResult {
  readonly direct: AppVisit;
  readonly root: AppVisit;
  readonly below: AppVisit;
  readonly rootWorse: readonly string[];
  readonly belowWorse: readonly string[];
}

/** Starts the application in `folder` behind a Portico of its own and visits it three times. All ends with the owner. */
export async function runApplication(
  owner: Owner,
  browser: Browser,
  app: RealApplication,
  folder: string,
  front: FrontOptions = {},
): Promise<AppResult> {
  const {
    direct: directBase,
    root: rootBase,
    below: belowBase,
    porticoPort,
  } = await startApplication(owner, app, folder, front);
  const directPort = Number(new URL(directBase).port);
  const direct = await visitApplication(browser, app, { base: directBase, direct: directBase, port: directPort });
  const visit = (base: string) =>
    visitApplication(browser, app, { base, direct: directBase, port: porticoPort, model: direct });
  const root = await visit(rootBase);
  const below = await visit(belowBase);
  return { direct, root, below, rootWorse: worseThan(app, direct, root), belowWorse: worseThan(app, direct, below) };
}
