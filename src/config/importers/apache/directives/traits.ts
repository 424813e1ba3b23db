// What stands before proxy and files alike: headers, expiry, compression, body limits.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import { endingsOfPattern } from '../../pattern/regions.ts';
import type { ImportReport } from '../../report.ts';
import type { HeaderEdits, Traits } from '../../traits.ts';
import type { Directive } from '../parser.ts';
import { allInSections, findInSections, type Section } from '../sections.ts';
import { isOn } from './proxy.ts';

/** The directives of this file. */
export const TRAIT_ROWS: readonly DirectiveRow[] = [
  ...translated('Header', 'headers.response'),
  ...translated('ExpiresActive ExpiresDefault', 'files.cache, else headers.response'),
  ...translated('AddOutputFilterByType', 'compress', 'DEFLATE and BROTLI_COMPRESS; other filters are reported'),
  ...translated('LimitRequestBody', 'limits.body'),
  ...unneeded(
    'DeflateCompressionLevel DeflateMemLevel DeflateWindowSize DeflateBufferSize DeflateFilterNote DeflateAlterETag DeflateInflateLimitRequestBody DeflateInflateRatioBurst DeflateInflateRatioLimit BrotliFilterNote BrotliCompressionQuality BrotliAlterETag BrotliCompressionWindow BrotliCompressionMaxInputBlock',
    'the coding is chosen by what the client takes',
  ),
  ...unneeded(
    'SetEnv SetEnvIf SetEnvIfNoCase SetEnvIfExpr BrowserMatch BrowserMatchNoCase PassEnv UnsetEnv',
    'there are no environment variables of a request',
  ),
  ...missing(
    'ExpiresByType',
    'warning',
    'expiry by media type is not known here',
    'use files.cache with endings such as "*.css"',
  ),
  ...missing(
    'SecRuleEngine SecRule QS_SrvMaxConnPerIP DOSHashTableSize',
    'warning',
    'this module has no equal',
    'see limits in the manual',
  ),
];

/** The traits of a request, and what they come from. */
export function collectTraits(
  sections: readonly Section[],
  report: ImportReport,
): { traits: Traits; directives: readonly Directive[] } {
  const used: Directive[] = [];
  const responseHeaders = readEdits(allInSections(sections, 'header'), report);
  const requestHeaders = readEdits(allInSections(sections, 'requestheader'), report);
  used.push(...allInSections(sections, 'header'), ...allInSections(sections, 'requestheader'));
  const freshSeconds = findFreshness(sections, used, report);
  const freshByEnding = findEndings(sections, used);
  const types = allInSections(sections, 'addoutputfilterbytype').flatMap((directive) =>
    readFilter(directive, used, report),
  );
  const limit = findInSections(sections, 'limitrequestbody');
  if (limit !== undefined) used.push(limit);
  const maxBodyBytes = limit === undefined ? undefined : Number(limit.args[0]);
  const traits: Traits = {
    ...(responseHeaders && { responseHeaders }),
    ...(requestHeaders && { requestHeaders }),
    ...(freshSeconds !== undefined && { freshSeconds }),
    ...(freshByEnding && { freshByEnding }),
    ...(types.length > 0 && { compress: { types: [...new Set(types)] } }),
    ...(maxBodyBytes !== undefined && Number.isInteger(maxBodyBytes) && { maxBodyBytes }),
  };
  return { traits, directives: used };
}

/** Sent by us, so that a line about them says nothing new. */
const FORWARDING = /^x-forwarded-(?:for|proto|host|port|prefix|scheme|ssl)$|^forwarded$/i;

/** `Header [always] set|add|append|merge|unset name value [env=|expr=]`. */
function readEdits(lines: readonly Directive[], report: ImportReport): HeaderEdits | undefined {
  const set: Record<string, string> = {};
  const add: Record<string, string> = {};
  const remove = new Set<string>();
  for (const directive of lines) {
    const args = [...directive.args];
    if (/^(?:always|onsuccess|early)$/i.test(args[0] ?? '')) args.shift();
    const [action = '', nameText = '', value = '', condition] = args;
    const name = nameText.replace(/:$/, '');
    const word = action.toLowerCase();
    if (directive.key === 'requestheader' && FORWARDING.test(name)) continue;
    if (/^edit/.test(word)) report.warn(directive, `${action} has no equal for headers`, 'let the backend do it');
    else if (condition !== undefined && !/^early$/i.test(condition)) {
      report.warn(
        directive,
        `${name} is left out: whether it is sent depends on ${condition}`,
        'let the backend send it',
      );
    } else if (word === 'unset') remove.add(name);
    else if (/%\{|%[a-zA-Z]/.test(value.replaceAll('%%', ''))) {
      report.warn(
        directive,
        `${name} is left out: its value differs from request to request`,
        'let the backend find it out itself',
      );
    } else if (word === 'set' || word === 'setifempty') set[name] = value.replaceAll('%%', '%');
    else if (word === 'add' || word === 'append' || word === 'merge') add[name] = value.replaceAll('%%', '%');
    else report.warn(directive, `${action} has no equal for headers`, 'let the backend do it');
  }
  const edits = {
    ...(Object.keys(set).length > 0 && { set }),
    ...(Object.keys(add).length > 0 && { add }),
    ...(remove.size > 0 && { remove: [...remove] }),
  };
  return Object.keys(edits).length > 0 ? edits : undefined;
}

/** Sections for endings that only say how long files may be kept: `<FilesMatch "\.(css|js)$">`. */
function findEndings(sections: readonly Section[], used: Directive[]): Traits['freshByEnding'] {
  const found: Record<string, number> = {};
  for (const directive of sections.flatMap(({ list }) => list)) {
    if (directive.key !== 'filesmatch' && !(directive.key === 'files' && directive.args[0] === '~')) continue;
    const endings = endingsOfPattern(directive.args.at(-1) ?? '');
    const block = directive.block ?? [];
    const seconds = block.map(secondsOf);
    const [first] = seconds.filter((value) => value !== undefined);
    if (endings === undefined || first === undefined || !block.every(isAboutFreshness)) continue;
    for (const ending of endings) found[ending] = first;
    used.push(directive, ...block);
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

function isAboutFreshness({ key, args }: Directive): boolean {
  return (
    /^expires(?:active|default)$/.test(key) || (key === 'header' && args.some((word) => /^cache-control$/i.test(word)))
  );
}

function secondsOf({ key, args }: Directive): number | undefined {
  if (key === 'expiresdefault') return parseExpiry(args.join(' '));
  const [, seconds] = key === 'header' ? (/max-age=(\d+)/.exec(args.join(' ')) ?? []) : [];
  return seconds === undefined ? undefined : Number(seconds);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  year: 31_536_000,
  month: 2_592_000,
  week: 604_800,
  day: 86_400,
  hour: 3600,
  minute: 60,
  second: 1,
};

/** `access plus 1 month`, `A2592000`. */
export function parseExpiry(text: string): number | undefined {
  const [, short] = /^A(\d+)$/.exec(text) ?? [];
  if (short !== undefined) return Number(short);
  const [, parts = ''] = /^\s*(?:access|now)\s+(?:plus\s+)?(.*)$/i.exec(text) ?? [];
  const found = [...parts.matchAll(/(\d+)\s+(year|month|week|day|hour|minute|second)s?/gi)];
  if (found.length === 0) return undefined;
  return found.reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_SECONDS[unit.toLowerCase()] ?? 0),
    0,
  );
}

function findFreshness(sections: readonly Section[], used: Directive[], report: ImportReport): number | undefined {
  const [active, expiry] = [findInSections(sections, 'expiresactive'), findInSections(sections, 'expiresdefault')];
  used.push(...[active, expiry].flatMap((directive) => directive ?? []));
  if (active === undefined || !isOn(active) || expiry === undefined) return undefined;
  const seconds = parseExpiry(expiry.args.join(' '));
  if (seconds === undefined)
    report.warn(expiry, 'only a time counted from the access is known', 'write "access plus ..."');
  return seconds;
}

function readFilter(directive: Directive, used: Directive[], report: ImportReport): string[] {
  const [filter = '', ...types] = directive.args;
  used.push(directive);
  const filters = filter.toUpperCase().split(';');
  if (filters.some((name) => name === 'DEFLATE' || name === 'BROTLI_COMPRESS')) return types;
  if (filters.some((name) => !/^(?:SUBSTITUTE|PROXY-HTML|XML2ENC|INFLATE)$/.test(name)))
    report.warn(directive, `the filter ${filter} has no equal`, 'let the backend do it');
  return [];
}
