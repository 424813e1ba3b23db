// What Apache does with one request: rewrite, proxy, redirect, alias, then who may ask and which file it is.

import type { Outcome, Probe } from '../outcome.ts';
import { decodePath } from '../percent.ts';
import type { Traits } from '../traits.ts';
import { decideAccess } from './directives/access.ts';
import { excludedFiles } from './directives/excluded.ts';
import { answerFromDisk, errorPagesOf, findFile, findRedirect } from './directives/files.ts';
import { type FoundProxy, findProxyPass, forward, isOn } from './directives/proxy.ts';
import { collectTraits } from './directives/traits.ts';
import type { Directive } from './parser.ts';
import { readRules, runRules } from './rewrite.ts';
import { findInSections, type Section } from './sections.ts';
import { type ApacheServer, documentRootOf, sectionsFor, type Turn } from './server.ts';

/** The outcome of a request that has come to this server. */
export function answer(server: ApacheServer, probe: Probe): Outcome {
  let hasFileTest = false;
  const onFileTest = () => {
    hasFileTest = true;
  };
  const ask = (isFileThere: boolean) =>
    answerTurn({ server, probe, path: decodePath(probe.path), query: probe.query, isFileThere, onFileTest });
  const outcome = ask(true);
  if (!hasFileTest || outcome.serve.kind !== 'files') return outcome;
  const missing = ask(false);
  if (missing.serve.kind === 'files' && missing.serve.file === outcome.serve.file) return outcome;
  const directives = [...missing.directives, ...outcome.directives];
  return { ...outcome, serve: { ...outcome.serve, missing: missing.serve }, directives };
}

function answerTurn(first: Turn): Outcome {
  const rewritten = runServerRules(first);
  if (rewritten !== undefined && 'serve' in rewritten) return rewritten;
  const turn = rewritten?.turn ?? first;
  const rewrites = rewritten?.directives ?? [];
  if (rewritten?.isFile !== true) {
    const proxy = findProxyPass(turn);
    if (proxy !== undefined) return answerByProxy(turn, proxy, rewrites);
    const redirect = findRedirect(turn, sectionsFor(turn, undefined));
    if (redirect !== undefined) return { ...redirect, directives: [...redirect.directives, ...rewrites] };
  }
  return answerByFile(turn, rewrites, rewritten?.isFile ?? false);
}

/** RewriteRule of the virtual host, or of the main server if this is one. */
function runServerRules(
  turn: Turn,
): Outcome | { turn: Turn; isFile: boolean; directives: readonly Directive[] } | undefined {
  const { server, probe, path, query, isFileThere, onFileTest } = turn;
  const level = server.levels.at(-1);
  const engine = level?.find('rewriteengine');
  if (level === undefined || engine === undefined || !isOn(engine)) return undefined;
  const found = findFile(turn, path);
  const verdict = runRules(readRules(level.list), {
    probe,
    subject: path,
    file: found === undefined || found === 'unsupported' ? path : found.file,
    documentRoot: documentRootOf(server)?.args[0] ?? '',
    serverName: server.name,
    isFileThere,
    onFileTest,
    report: server.report,
  });
  if (verdict.kind === 'unchanged') return undefined;
  const directives = [...verdict.directives, engine];
  if (verdict.kind === 'redirect')
    return { serve: { kind: 'redirect', location: verdict.location, status: verdict.status }, traits: {}, directives };
  if (verdict.kind === 'respond')
    return {
      serve: { kind: 'respond', status: verdict.status, body: undefined, type: undefined },
      traits: {},
      directives,
    };
  if (verdict.kind === 'proxy') {
    const [rule = engine] = verdict.directives;
    const mark = verdict.url.indexOf('?');
    const url = mark < 0 ? verdict.url : verdict.url.slice(0, mark);
    const proxy = forward(turn, rule, url, [], mark < 0 ? undefined : verdict.url.slice(mark + 1));
    return answerByProxy(turn, proxy, directives);
  }
  const next = { ...turn, path: verdict.path, query: verdict.query ?? query };
  return { turn: { ...next, query: verdict.query }, isFile: !verdict.passThrough, directives };
}

function answerByProxy(turn: Turn, proxy: FoundProxy, rewrites: readonly Directive[]): Outcome {
  const sections = sectionsFor(turn, undefined);
  const gate = passGate(turn, sections);
  const directives = [...proxy.directives, ...rewrites, ...gate.directives, ...sectionHeads(sections)];
  if (gate.isRefused) return refuse(directives);
  return { serve: proxy.serve, traits: { ...gate.traits, ...proxy.traits }, directives };
}

function answerByFile(turn: Turn, rewrites: readonly Directive[], isFile: boolean): Outcome {
  const found = isFile ? fileOfRewrite(turn) : findFile(turn, turn.path);
  if (found === 'unsupported') return { serve: { kind: 'unsupported' }, traits: {}, directives: rewrites };
  if (found === undefined)
    return { ...refuse(rewrites), serve: { kind: 'respond', status: 404, body: undefined, type: undefined } };
  const sections = sectionsFor(turn, found.file);
  const gate = passGate(turn, sections);
  const heads = sectionHeads(sections);
  if (gate.isRefused) return refuse([...gate.directives, found.directive, ...rewrites, ...heads]);
  const disk = answerFromDisk(turn, found, sections);
  // A fixed answer gives nothing away that would need guarding.
  const traits = disk.serve.kind === 'respond' ? {} : { ...gate.traits, ...excludedFiles(sections) };
  return { serve: disk.serve, traits, directives: [...disk.directives, ...rewrites, ...gate.directives, ...heads] };
}

/** A rewritten path is looked for below the document root; aliases are not asked any more. */
function fileOfRewrite(turn: Turn) {
  const root = documentRootOf(turn.server);
  const folder = root?.args[0];
  if (root === undefined || folder === undefined) return undefined;
  const isWhole = turn.path.startsWith(`${folder.replace(/\/+$/, '')}/`);
  return { file: isWhole ? turn.path : folder.replace(/\/+$/, '') + turn.path, directive: root };
}

function passGate(
  turn: Turn,
  sections: readonly Section[],
): { isRefused: boolean; traits: Traits; directives: readonly Directive[] } {
  const { report } = turn.server;
  const access = decideAccess(sections, report);
  const { traits, directives } = collectTraits(sections, report);
  const pages = errorPagesOf(turn, sections);
  const all = [...access.directives, ...directives, ...pages.directives];
  const errorPages = Object.keys(pages.errorPages).length > 0 ? { errorPages: pages.errorPages } : {};
  const client = findInSections(sections, 'sslverifyclient')?.args[0] ?? 'none';
  // Certificates of clients are not asked for, so nobody may come in; the table of directives speaks of it.
  const closed = /^require$/i.test(client) ? { isClosed: true } : {};
  const merged: Traits = { ...traits, ...errorPages, ...access.traits, ...closed };
  return { isRefused: access.isRefused, traits: merged, directives: all };
}

function sectionHeads(sections: readonly Section[]): Directive[] {
  return sections.flatMap(({ directive }) => directive ?? []);
}

function refuse(directives: Outcome['directives']): Outcome {
  return { serve: { kind: 'respond', status: 403, body: undefined, type: undefined }, traits: {}, directives };
}
