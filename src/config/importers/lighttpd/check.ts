// Remarks about a lighttpd configuration that do not depend on a request: what cannot be said, what is not what it seems.
import type { ImportReport } from '../report.ts';
import { meaningOf } from './conditions.ts';
import type { Context } from './contexts.ts';
import { isAboutFreshness } from './directives/traits.ts';
import type { LighttpdListener } from './listeners.ts';
import { type Rule, refersToCondition, rulesOf } from './rewrite.ts';
import { entriesOf, entryOf, isOn, type Setting, textOf, textsOf } from './values.ts';

/** What a check may need to know besides the setting. */
interface CheckContext {
  readonly context: Context;
  readonly report: ImportReport;
  readonly compat: boolean;
  /** Whether any block forwards. */
  readonly hasProxy: boolean;
}

/** Reports about all blocks. */
export function checkContexts(
  contexts: readonly Context[],
  listeners: readonly LighttpdListener[],
  report: ImportReport,
  compat: boolean,
): void {
  const oddPort = listeners.find(({ port, isSecure }) => port !== (isSecure ? 443 : 80))?.port;
  const hasProxy = contexts.some(({ settings }) => settings.has('proxy.server'));
  for (const context of contexts) {
    checkCondition(context, oddPort, report, compat);
    for (const setting of context.settings.values())
      CHECKS[setting.name]?.(setting, { context, report, compat, hasProxy });
  }
}

/** Directives that keep people out: a condition that cannot be said must not silently drop them. */
const PROTECTIVE = ['url.access-deny', 'url.access-allow', 'auth.require', 'ssl.verifyclient.enforce'];

function checkCondition(context: Context, oddPort: number | undefined, report: ImportReport, compat: boolean): void {
  const { condition, source, settings } = context;
  if (condition === undefined || isAboutFreshness(context)) return;
  const directive = `$${condition.field} ${condition.operator} "${condition.value}"`;
  const meaning = meaningOf(condition);
  if (meaning.about === 'unknown') {
    const isTaken = condition.operator === '!=' || condition.operator === '!~';
    const isProtective = PROTECTIVE.some((name) => settings.has(name));
    if (!isTaken) report.contribute(...settings.values());
    const kept = isTaken ? 'the block is taken to apply always' : 'the block is left out';
    const advice = 'say it with sites and mounts, or leave this to the backend';
    const severity = isProtective || settings.has('proxy.server') ? 'error' : 'warning';
    report.sayAt(severity, source, directive, `this condition cannot be said: ${meaning.reason}; ${kept}`, advice);
  } else if (meaning.about === 'host') {
    for (const remark of meaning.remarks) sayNameRemark(context, directive, remark, report);
    sayPortRemark(context, directive, oddPort, report, compat);
    sayCaseRemark(context, directive, report, compat);
  } else if (meaning.about === 'path') {
    for (const { path, kind } of meaning.regions) {
      if (kind !== 'open' || path === '/') continue;
      const message = `also matches ${path}rel and the like; here it is taken as ${path} and everything below ${path}/`;
      report.sayAt('warning', source, directive, message, `write ^${path}(?:/|$)`);
    }
  }
}

function sayNameRemark({ source, condition }: Context, directive: string, remark: string, report: ImportReport): void {
  const value = condition?.value ?? '';
  if (remark === 'loose-dot') {
    const message = 'a dot without backslash matches any character, so other names are served too; here it is a dot';
    report.sayAt('warning', source, directive, message, `write ${value.replace(/(?<!\\)\.(?![*+?{])/g, '\\.')}`);
  } else if (remark === 'open-start') {
    const message = 'without ^ this also matches longer names; here it is the name itself and all below it';
    report.sayAt('warning', source, directive, message, 'start the pattern with ^');
  } else {
    const message = 'without $ this also matches longer names, such as one of a stranger; here it is the name alone';
    report.sayAt('warning', source, directive, message, 'end the pattern with $');
  }
}

/** A host in a condition with `=~` is compared with its port, where that is not the default one. */
function sayPortRemark(
  { source, condition }: Context,
  directive: string,
  oddPort: number | undefined,
  report: ImportReport,
  compat: boolean,
): void {
  if (condition === undefined) return;
  if (!/:\d+\)?\$?$/.test(condition.value)) {
    const isClosed = condition.operator === '=~' && /[^:+*?)]\)?\$$/.test(condition.value);
    if (oddPort === undefined || !isClosed) return;
    const message = `never matches on port ${oddPort}, where the name that browsers send has the port behind it; ${compat ? 'kept' : 'here it matches'}`;
    report.sayAt(
      'warning',
      source,
      directive,
      message,
      'write (?::\\d+)? before the final $, or listen on the default port',
    );
    return;
  }
  if (condition.operator === '==' || condition.operator === '!=') {
    const message = 'the port in this comparison is ignored by lighttpd';
    report.sayAt('warning', source, directive, message, 'use $SERVER["socket"] for a port');
  } else if (/:(?:80|443)\$?$/.test(condition.value)) {
    const message = 'never matches: lighttpd removes a default port from the name before it compares';
    report.sayAt('warning', source, directive, message, 'leave the port out');
  }
}

/** A host is compared in lower case. */
function sayCaseRemark({ source, condition }: Context, directive: string, report: ImportReport, compat: boolean): void {
  if (condition === undefined || condition.operator.includes('~') || !/[A-Z]/.test(condition.value)) return;
  const message = `never matches: lighttpd puts the name into lower case before it compares; ${compat ? 'kept' : 'here it matches'}`;
  report.sayAt('warning', source, directive, message, `write "${condition.value.toLowerCase()}"`);
}

type Check = (setting: Setting, context: CheckContext) => void;

const REWRITES = [
  'url.rewrite-once',
  'url.rewrite',
  'url.rewrite-final',
  'url.rewrite-repeat',
  'url.rewrite-if-not-file',
  'url.rewrite-repeat-if-not-file',
  'url.redirect',
];

const CHECKS: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(REWRITES.map((name) => [name, checkRules] as const)),
  'url.access-deny': checkDeny,
  'auth.require': checkPasswords,
  'proxy.server': checkProxyKeys,
  'proxy.header': checkProxyHeader,
  'expire.url': (setting, { report }) => {
    for (const { value } of entriesOf(setting.value)) {
      if (/modification/.test(textOf(value) ?? ''))
        report.warn(setting, 'freshness cannot count from the age of a file', 'write access instead of modification');
    }
  },
};

function checkRules(setting: Setting, { context, report, compat }: CheckContext): void {
  for (const rule of rulesOf(setting)) {
    if (rule.problem !== undefined) {
      const advice = 'let the backend do that itself, or write mounts for the paths in question';
      report.error(setting, `the rule "${rule.pattern}" cannot be said: ${rule.problem}`, advice);
    }
    checkCaptures(setting, rule, context, report, compat);
  }
}

/** With `==` and a reference to it, lighttpd makes a pattern of the text and forgets to escape its dots. */
function checkCaptures(setting: Setting, rule: Rule, context: Context, report: ImportReport, compat: boolean): void {
  if (!refersToCondition(rule.target)) return;
  const { condition } = context;
  if (condition === undefined || condition.operator === '!=' || condition.operator === '!~') {
    const advice = 'put the directive directly into the block whose condition it refers to';
    report.warn(setting, '%0 to %9 are empty here: they refer to the condition directly around the directive', advice);
  } else if (condition.field === 'HTTP["host"]' && !condition.operator.includes('~') && condition.value.includes('.')) {
    const kept = compat
      ? 'our language has no such names: exactly this one is served'
      : 'here exactly this name is served';
    const message = `lighttpd turns this comparison into a pattern because of %, and a dot then matches any character; ${kept}`;
    report.warn(setting, message, 'write the condition as a pattern with \\. for each dot');
  }
}

function checkDeny(setting: Setting, { report, hasProxy }: CheckContext): void {
  const endings = textsOf(setting.value).filter((ending) => ending !== '');
  if (endings.length === 0) return;
  if (!hasProxy) return;
  const message = `paths that end in ${endings.join(', ')} are not served as files, but they do reach backends`;
  report.warn(setting, message, 'let them refuse it');
}

function checkPasswords(setting: Setting, { report }: CheckContext): void {
  for (const { key = '', value } of entriesOf(setting.value)) {
    const method = textOf(entryOf(value, 'method')) ?? 'basic';
    const wanted = textOf(entryOf(value, 'require')) ?? 'valid-user';
    if (method !== 'basic' || /\b(?:group|host)=/.test(wanted)) {
      const message = `${key === '' ? 'everything' : key} is guarded by ${method}, ${wanted}; here only basic with users of an htpasswd file is known`;
      report.error(setting, message, 'make an htpasswd file with the users who may come in');
    }
  }
}

function checkProxyKeys(setting: Setting, { report }: CheckContext): void {
  for (const { key = '' } of entriesOf(setting.value)) {
    if (key !== '' && !key.startsWith('/')) {
      const message = `requests that end in ${key} go to an endpoint of their own; endings of paths choose no mount here`;
      report.error(setting, message, 'mount the paths in question');
    } else if (key !== '' && !key.endsWith('/')) {
      const message = `also takes ${key}rel and the like; here it is taken as ${key} and everything below ${key}/`;
      report.warn(setting, message, `write "${key}/" if you mean the subtree`);
    }
  }
}

function checkProxyHeader(setting: Setting, { report }: CheckContext): void {
  if (isOn(entryOf(setting.value, 'connect')))
    report.warn(setting, 'CONNECT tunnels are not offered', 'use a forward proxy for them');
  if (isOn(entryOf(setting.value, 'force-http10')))
    report.warn(setting, 'backends are always spoken to in HTTP/1.1', 'replace a backend that cannot');
}
