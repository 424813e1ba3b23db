// Says in what a visit through Portico is worse than the direct one. Equal is the bar, and nothing may escape.
import type { RealApplication } from './application.ts';
import { similarity } from './similarity.ts';
import { type AppVisit, SAME_TEXT, usedSockets, withoutPlace } from './visit.ts';

/** Chromium quotes the reason phrase of an answer, which HTTP/2 does not have (RFC 9113 §8.3.2). */
const REASON_PHRASE = /(responded with a status of \S+) \([^)]*\)/;

/** One sentence for each thing that is worse; empty where nothing is. */
export function worseThan(app: RealApplication, direct: AppVisit, visit: AppVisit): string[] {
  return [
    ...newOnes('failed request', failuresOf(direct), failuresOf(visit)),
    ...newOnes('console error', consoleOf(direct), consoleOf(visit)),
    ...visit.record.escapes.map((url) => `request to the backend: ${url}`),
    ...visit.linksOut.map((url) => `link out of the mount: ${url}`),
    ...socketsWorse(direct, visit),
    ...textWorse(app, direct, visit),
    ...(direct.iconStatus < 400 && visit.iconStatus >= 400 ? [`/favicon.ico: ${visit.iconStatus}`] : []),
  ];
}

function failuresOf({ record, base }: AppVisit): string[] {
  return record.failed.map(({ url, why }) => `${why} ${withoutPlace(url, base)}`);
}

function consoleOf({ record, base }: AppVisit): string[] {
  return record.consoleErrors.map((text) => withoutPlace(text, base).replace(REASON_PHRASE, '$1'));
}

/** What occurs more often than it did directly. */
function newOnes(what: string, before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  return after
    .filter((text) => {
      const index = left.indexOf(text);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    })
    .map((text) => `${what}: ${text}`);
}

function socketsWorse(direct: AppVisit, visit: AppVisit): string[] {
  const errors = (of: AppVisit) => of.record.sockets.filter(({ error }) => error !== undefined).length;
  const worse: string[] = [];
  if (usedSockets(visit.record) < usedSockets(direct.record))
    worse.push(`${usedSockets(visit.record)} WebSockets instead of ${usedSockets(direct.record)}`);
  if (errors(visit) > errors(direct)) worse.push(`${errors(visit)} WebSocket errors instead of ${errors(direct)}`);
  return worse;
}

function textWorse(app: RealApplication, direct: AppVisit, visit: AppVisit): string[] {
  return direct.steps.flatMap((expected) => {
    const { step, path, text } = expected;
    const seen = visit.steps.find((known) => known.step === step);
    if (seen === undefined) return [`${step}: not reached`];
    if (seen.path !== path) return [`${step}: at ${seen.path} instead of ${path}`];
    const isSame = app.isLively === true || similarity(seen.text, text) >= SAME_TEXT;
    return isSame ? [] : [`${step}: shows "${seen.text.slice(0, 80)}" instead of "${text.slice(0, 80)}"`];
  });
}
