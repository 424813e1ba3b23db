// What lighttpd does with one request: rewrite, start over, redirect or deny, proxy, or serve a file.

import type { Outcome } from '../outcome.ts';
import type { ForeignDirective, ImportReport } from '../report.ts';
import type { Situation } from './conditions.ts';
import type { Context } from './contexts.ts';
import { answerFromDisk } from './directives/files.ts';
import { findProxy } from './directives/proxy.ts';
import { redirectFor, rewriteFor, rewriteMissingFor } from './directives/rewrite.ts';
import { collectTraits } from './directives/traits.ts';
import { textsOf } from './values.ts';
import { SettingsView } from './view.ts';

/** What an answer is worked out with. */
export interface LighttpdServer {
  readonly contexts: readonly Context[];
  readonly report: ImportReport;
  /** Keeps what lighttpd does where its author cannot have meant it. */
  readonly compat: boolean;
}

/** lighttpd closes the connection after that many rounds. */
const REWRITE_LIMIT = 100;

/** The outcome of a request. */
export function answer(server: LighttpdServer, situation: Situation): Outcome {
  return answerOnce(server, situation, false);
}

/** `isInner`: this answers for a file that is not there, and is not asked once more for the same. */
function answerOnce(server: LighttpdServer, situation: Situation, isInner: boolean): Outcome {
  const first = new SettingsView(server.contexts, situation);
  let view = first;
  const directives: ForeignDirective[] = [];
  for (let round = 0; round < REWRITE_LIMIT; round++) {
    const rewritten = rewriteFor(view);
    if (rewritten === undefined) break;
    directives.push(rewritten.directive);
    if ('refusal' in rewritten) {
      server.report.error(rewritten.directive, rewritten.refusal, 'let the target start with a slash');
      return { serve: { kind: 'unsupported' }, traits: {}, directives };
    }
    // Conditions are asked again with the new path.
    view = new SettingsView(server.contexts, { ...situation, path: rewritten.path, query: rewritten.query });
    if (rewritten.isFinal) break;
  }
  const outcome = answerView(server, view, directives, isInner);
  return view === first ? outcome : withProxyBeforeRewrite(server, first, view, outcome, directives);
}

function answerView(
  server: LighttpdServer,
  view: SettingsView,
  rewrites: readonly ForeignDirective[],
  isInner: boolean,
): Outcome {
  const redirect = redirectFor(view);
  if (redirect !== undefined) {
    const { location, status, directives } = redirect;
    return { serve: { kind: 'redirect', location, status }, traits: {}, directives: [...directives, ...rewrites] };
  }
  const deny = view.find('url.access-deny');
  if (deny !== undefined && textsOf(deny.setting.value).includes('')) {
    const serve = { kind: 'respond', status: 403, body: undefined, type: undefined } as const;
    return { serve, traits: {}, directives: [deny.setting, ...rewrites] };
  }
  const { traits, directives } = collectTraits(view, server.contexts);
  const proxy = findProxy(view, server.report);
  if (proxy !== undefined) {
    return {
      serve: proxy.serve,
      traits: { ...traits, ...proxy.traits },
      directives: [...proxy.directives, ...rewrites, ...directives],
    };
  }
  const disk = answerFromDisk(view);
  const missing = isInner ? undefined : rewriteMissingFor(view);
  if (missing === undefined || disk.serve.kind !== 'files')
    return {
      serve: disk.serve,
      traits: { ...traits, ...disk.traits },
      directives: [...disk.directives, ...rewrites, ...directives],
    };
  const inner = answerOnce(server, { ...view.situation, path: missing.path, query: missing.query }, true);
  return {
    serve: { ...disk.serve, missing: inner.serve },
    traits: { ...traits, ...disk.traits },
    directives: [...disk.directives, missing.directive, ...rewrites, ...directives],
  };
}

/**
 * The obvious nesting, rewrite and proxy.server in one url condition, does not work: after the rewrite the condition no
 * longer holds. We take what was meant, unless asked to keep what lighttpd does.
 */
function withProxyBeforeRewrite(
  server: LighttpdServer,
  before: SettingsView,
  after: SettingsView,
  outcome: Outcome,
  rewrites: readonly ForeignDirective[],
): Outcome {
  const isLost = outcome.serve.kind === 'files' || (outcome.serve.kind === 'respond' && outcome.serve.status === 404);
  if (!isLost) return outcome;
  const lost = before.find('proxy.server');
  if (lost === undefined || after.find('proxy.server')?.setting === lost.setting) return outcome;
  const proxy = findProxy(before, server.report, after.situation);
  if (proxy?.serve.kind !== 'proxy') return outcome;
  const kept = server.compat ? 'kept: nothing is proxied' : 'taken for what was meant: it is proxied';
  server.report.warn(
    lost.setting,
    `never matches after the rewrite: the conditions around it are asked again with the new path; ${kept}`,
    'move proxy.server out of the condition on the URL',
  );
  // The rewritten path names no file that anybody has.
  if (server.compat) return { ...outcome, serve: { kind: 'respond', status: 404, body: undefined, type: undefined } };
  const { traits, directives } = collectTraits(before, server.contexts);
  return {
    serve: proxy.serve,
    traits: { ...traits, ...proxy.traits },
    directives: [...proxy.directives, ...rewrites, ...directives],
  };
}
