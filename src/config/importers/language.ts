// Derived mounts in the words of our language. The only file here that knows how the keys of a mount are spelled.

import { isChangeableHeader } from '../../exchange/header-options.ts';
import { isSubtree, plainPath } from '../../exchange/public-path.ts';
import { isFieldValue } from '../../http/token.ts';
import { printDuration } from '../../util/duration.ts';
import { printSize } from '../../util/size.ts';
import type { DerivedMount } from './derive.ts';
import type { ImportSeverity } from './importer.ts';
import { CLIENT_HOST_MARK, type ProxyOutcome } from './outcome.ts';
import { SAMPLE_LABEL } from './pattern/regions.ts';
import type { ForeignDirective, ImportReport } from './report.ts';
import type { PathRule, Served } from './template.ts';
import type { BalanceRule, HeaderEdits, Traits } from './traits.ts';
import { findVhostForm } from './vhost-form.ts';

/** The site that mounts are rendered for. */
export interface SiteAddress {
  /** The name that the sample requests asked for. */
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Whether the site has more names than `host`, so that `host` in a result stands for the client's. */
  readonly isOpen: boolean;
}

/** What the rendering depends on besides. */
export interface RenderOptions {
  readonly report: ImportReport;
  readonly compat: boolean;
  /** What the original does with clients that send the public address in the path themselves. */
  readonly vhostPaths: 'proxied' | 'refused' | 'other';
  /** Whether there is a feature of that name. */
  readonly supports: (feature: string) => boolean;
}

/** A mount in its long form: the keys below a path. */
export interface RenderedMount {
  readonly path: string;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly directives: readonly ForeignDirective[];
}

const NOT_IMPORTED = { respond: 501 } as const;
const REFUSED = { respond: 403 } as const;
/** Statuses that say nothing without a header, which the original does not send either. */
const NEEDS_HEADER = new Set([401, 405, 407]);
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
const WITHOUT_BODY = new Set([204, 205, 304]);

/** Renders a mount. What cannot be said is reported and answered with 501, so that nothing else takes its place. */
export function renderMount(mount: DerivedMount, address: SiteAddress, options: RenderOptions): RenderedMount {
  const renderer = new Renderer(mount, address, options);
  return { path: mount.path, keys: renderer.render(), directives: mount.directives };
}

class Renderer {
  readonly #mount: DerivedMount;
  readonly #address: SiteAddress;
  readonly #options: RenderOptions;
  readonly #isSubtree: boolean;

  constructor(mount: DerivedMount, address: SiteAddress, options: RenderOptions) {
    this.#mount = mount;
    this.#address = address;
    this.#options = options;
    this.#isSubtree = isSubtree(mount.path);
  }

  render(): Record<string, unknown> {
    const { served, traits } = this.#mount;
    const serving = this.#mayBeServed(traits) ? this.#withoutSample(this.#serve(served) ?? NOT_IMPORTED) : REFUSED;
    return { ...serving, ...this.#features(traits, Object.keys(serving)[0] ?? '') };
  }

  /** What the original guards in a way that cannot be said is refused to everybody, rather than opened. */
  #mayBeServed({ addresses, password, isClosed }: Traits): boolean {
    const { supports } = this.#options;
    if (isClosed) return false;
    if (addresses !== undefined) {
      const message = 'only some addresses may ask, which our language cannot say; everything is refused';
      this.#say(
        'error',
        /^(?:allow|deny|require|order)$/i,
        message,
        'put the rule into a firewall, or decide it in the backend',
      );
      return false;
    }
    if (password === undefined || supports('auth')) return true;
    const message = 'passwords are not asked here; everything is refused';
    this.#say('error', /^auth/i, message, 'let the backend ask, or put a login in front');
    return false;
  }

  /** Where a part of the name that was asked for is put somewhere, a fixed text cannot stand for it. */
  #withoutSample(serving: Record<string, unknown>): Record<string, unknown> {
    if (!JSON.stringify(serving).includes(SAMPLE_LABEL)) return serving;
    return (
      this.#refuse('a part of the name that the client asked for is put in', 'write a site for each name') ??
      NOT_IMPORTED
    );
  }

  #serve(served: Served): Record<string, unknown> | undefined {
    if (served.kind === 'proxy') return this.#proxy(served);
    if (served.kind === 'files') return this.#files(served);
    if (served.kind === 'redirect') return this.#redirect(served.location, served.status);
    if (served.kind === 'unsupported') return undefined;
    const { body, type } = served;
    const status = NEEDS_HEADER.has(served.status) || served.status < 200 || served.status > 599 ? 403 : served.status;
    if (status !== served.status)
      this.#warn(
        `the status ${served.status} cannot be answered as such; 403 is answered`,
        'see respond in the manual',
      );
    if (body?.includes(CLIENT_HOST_MARK))
      return this.#refuse('the name that the client asked for is part of the text', 'leave it out');
    if (body === undefined || body === '' || WITHOUT_BODY.has(status)) return { respond: status };
    return { respond: { status, body, ...(type !== undefined && { type }) } };
  }

  #proxy({ endpoints, target, host }: Extract<Served, { kind: 'proxy' }>): Record<string, unknown> | undefined {
    if (this.#isSubtree && !target.keepsRest)
      return this.#refuse(
        'every path below goes to one and the same path of the backend',
        'let the backend do that itself',
      );
    const { keys, base } = this.#vhost(target.base);
    const [path = '', query] = base.split('?');
    if (query !== undefined)
      return this.#refuse(`a query is put in (${query})`, 'let the backend take what it needs from the path');
    if (!target.keepsQuery) this.#inform('the original drops the query of the request; here it is kept');
    if (this.#isSubtree && !path.endsWith('/'))
      this.#warn(
        `the original joins ${path} and the rest of the path without a slash; here there is one`,
        'end both in a slash',
      );
    const basePath = this.#isSubtree ? path.replace(/\/*$/, '/') : path;
    const urls = endpoints.map((endpoint) => joinUrl(endpoint, basePath));
    const { upstreamTls, insistsOnHttp2 } = this.#mount.traits;
    const to = urls.length === 1 ? urls[0] : urls;
    const more = {
      ...(insistsOnHttp2 && { protocol: 'h2' }),
      ...(upstreamTls?.verify === false && { verify: false }),
      ...(upstreamTls?.name && { serverName: upstreamTls.name }),
    };
    const proxy = Object.keys(more).length === 0 ? to : { to, ...more };
    // Told its address in the path, a backend takes Host from there too.
    return { proxy, ...('vhost' in keys ? {} : this.#host(host, endpoints)), ...keys, ...this.#also(endpoints) };
  }

  /** Further names of the backend, but for the public one and those that the map knows by itself. */
  #also(endpoints: readonly string[]): Record<string, unknown> {
    const known = [...endpoints, `http://${this.#address.host}`, `https://${this.#address.host}`];
    const hosts = new Set(known.map(hostOf));
    const also: string[] = [];
    for (const name of this.#mount.traits.backendNames ?? []) {
      const isDomain = !name.includes('://');
      const plain = name.replace(/\/\/localhost(?=:|$)/, '//127.0.0.1');
      if (isDomain ? hosts.has(name) : known.includes(name) || known.includes(plain)) continue;
      also.push(isDomain ? `http://${name}` : name);
      hosts.add(hostOf(name));
    }
    return also.length === 0 ? {} : { rewrite: { also } };
  }

  #host(host: ProxyOutcome['host'], endpoints: readonly string[]): Record<string, unknown> {
    if (host === 'public') return {};
    if (host === 'upstream') return { host: 'upstream' };
    const { text } = host;
    if (text === this.#address.host || text === `${this.#address.host}:${this.#address.port}`) return {};
    if (endpoints.every((endpoint) => endpoint.replace(/^\w+:\/\//, '') === text)) return { host: 'upstream' };
    this.#error(
      `the backend is sent the Host ${text}, which our language cannot choose freely`,
      'write that name as the backend address, with host: upstream',
    );
    return { host: 'upstream' };
  }

  /** The public address in the path becomes `vhost`, and the base what remains without it. */
  #vhost(base: string): { keys: Record<string, unknown>; base: string } {
    const form = findVhostForm(base, plainPath(this.#mount.path), this.#address);
    // The zope dialect needs a prefix, which an exact path has none to give for; a fixed path says the same.
    if (form === undefined || (form.kind === 'form' && form.dialect === 'zope' && !this.#isSubtree))
      return { keys: {}, base };
    if (form.kind === 'stripped') {
      this.#warn(
        'the backend is told a public address without the path of this mount, so its own links and redirects lose it',
        `let the application live at ${this.#mount.path} and write vhost: nevow`,
      );
      return { keys: {}, base };
    }
    const { report, compat, vhostPaths } = this.#options;
    const [directive] = this.#mount.directives;
    const mustPass = compat && vhostPaths !== 'refused';
    if (vhostPaths === 'proxied' && directive !== undefined) {
      const kept = compat ? 'kept, as asked' : 'refused here with 403';
      report.warn(
        directive,
        `there is no guard: clients can send a path that starts with ${form.mount} themselves and forge the address; ${kept}`,
        compat ? 'remove clients: pass' : '',
      );
    }
    const extra = {
      ...(form.dialect === 'nevow' && form.mount !== '/vhost' && { mount: form.mount }),
      ...(form.authority !== undefined && { authority: form.authority }),
      ...(form.scheme !== undefined && { scheme: form.scheme }),
      ...(mustPass && { clients: 'pass' }),
    };
    const vhost = Object.keys(extra).length === 0 ? form.dialect : { dialect: form.dialect, ...extra };
    return { keys: { vhost }, base: form.base };
  }

  #files({ file, index, list, missing }: Extract<Served, { kind: 'files' }>): Record<string, unknown> | undefined {
    const { traits } = this.#mount;
    if (this.#isSubtree && !file.keepsRest)
      return this.#refuse('every path below is answered with one file', 'use files with fallback');
    const root = this.#isSubtree ? file.base.replace(/(?<=.)\/+$/, '') : file.base;
    if (this.#isSubtree && !file.base.endsWith('/'))
      this.#warn(`the original joins ${file.base} and the rest of the path without a slash`, 'end both in a slash');
    const names = index.filter((name) => /^(?!\.\.?$)[^/\\\0]+$/.test(name));
    if (names.length < index.length)
      this.#warn('index files with a path in their name are left out', 'name files of the folder itself');
    if (!this.#isSubtree && file.base.endsWith('/')) {
      const [name, ...more] = names;
      if (name === undefined || more.length > 0 || list)
        return this.#refuse('exactly one path is answered with what a folder has', 'name the one file');
      return { files: file.base + name };
    }
    const isPlainIndex = names.length === 1 && names[0] === 'index.html';
    const options = {
      root,
      ...(this.#isSubtree &&
        !isPlainIndex && { index: names.length === 0 ? false : names.length === 1 ? names[0] : names }),
      ...this.#fallback(missing, file.base),
      ...(list && { list }),
      ...(traits.hidden && { hidden: true }),
      ...(traits.excluded && this.#isSubtree && { exclude: traits.excluded.map((ending) => `*${ending}`) }),
      ...(traits.precompressed === false && { precompressed: false }),
      ...printCache(traits),
      ...(traits.types && { types: traits.types }),
    };
    return { files: Object.keys(options).length === 1 ? root : options };
  }

  #fallback(missing: Served | undefined, root: string): Record<string, unknown> {
    if (missing === undefined || (missing.kind === 'respond' && missing.status === 404)) return {};
    if (missing.kind === 'files' && !missing.file.keepsRest && missing.file.base.startsWith(root)) {
      const file = missing.file.base.slice(root.length);
      if (file !== '') return { fallback: { file, extensions: true } };
    }
    if (missing.kind === 'files') {
      this.#warn(
        'what is no file here is looked for in another folder by the original; here it is 404',
        'put the page into this folder',
      );
      return {};
    }
    const what = missing.kind === 'proxy' ? 'goes to a backend' : `is a ${missing.kind}`;
    const message = `what is no file ${what}; our language only knows 404 or one file`;
    this.#error(message, 'mount the paths of files and of the backend separately');
    return {};
  }

  /** Placeholders for what differs from request to request; braces of the original are percent-encoded. */
  #redirect(location: PathRule, status: number): Record<string, unknown> | undefined {
    const { host, port, scheme, isOpen } = this.#address;
    const path = plainPath(this.#mount.path);
    let to = location.base.replaceAll('{', '%7B').replaceAll('}', '%7D').replaceAll(CLIENT_HOST_MARK, '{host}');
    if (isOpen) {
      for (const name of [`${host}:${port}`, host]) to = to.replace(`://${name}`, '://{host}');
    }
    const isOrigin = /^https?:\/\/[^/?#]*$/i.test(to);
    if (location.keepsRest && this.#isSubtree) to += isOrigin ? '/{rest}' : '{rest}';
    const here = [path, `${scheme}://${host}${path}`, `${scheme}://{host}${path}`];
    const target = to.replace(/\{rest\}$/, '');
    if (here.includes(target) || /\{rest\}$/.test(to.replace(/[/?#=&]\{rest\}$/, '')))
      return this.#refuse(`the redirect to ${to} leads back to itself or to another host`, 'find out what was meant');
    const known = REDIRECT_STATUSES.has(status) ? status : 302;
    // Where nothing was asked with a query, nothing is known about it.
    if (location.keepsQuery) return { redirect: to, status: known };
    return { redirect: { to, status: known, query: 'drop' } };
  }

  #features(traits: Traits, serving: string): Record<string, unknown> {
    const isAnswer = serving === 'redirect' || serving === 'respond';
    const response = this.#edits(this.#responseHeaders(traits, serving), 'response');
    const request = serving === 'proxy' ? this.#edits(traits.requestHeaders, 'request') : undefined;
    const { timeouts, password, errorPages } = traits;
    return {
      ...((request || response) && { headers: { ...(request && { request }), ...(response && { response }) } }),
      ...(password && !isAnswer && this.#auth(password)),
      ...(timeouts && serving === 'proxy' && { timeouts: printTimeouts(timeouts) }),
      ...(serving === 'proxy' && this.#balance(traits)),
      ...(!isAnswer && this.#compress(traits)),
      ...(!isAnswer && this.#bodyLimit(traits)),
      ...(errorPages && !isAnswer && { errors: errorPages }),
    };
  }

  #auth({ realm, file, users }: NonNullable<Traits['password']>): Record<string, unknown> {
    return { auth: { realm, file, ...(users && { users }) } };
  }

  #balance({ balance }: Traits): Record<string, unknown> {
    if (balance === undefined || balance === 'round-robin') return {};
    if (this.#options.supports('balance')) return { balance };
    const isSticky = balance.startsWith('by-');
    const message = `endpoints take turns here; the original picks ${BALANCE_WORDS[balance]}`;
    const about = /^(?:least_conn|ip_hash|hash|random|proxy\.balance|<?proxy>?)$/i;
    this.#say(isSticky ? 'warning' : 'info', about, message, isSticky ? 'let the endpoints share their sessions' : '');
    return {};
  }

  #compress({ compress }: Traits): Record<string, unknown> {
    if (compress === undefined) return {};
    if (this.#options.supports('compress')) return { compress: compress === false ? false : { types: compress.types } };
    if (compress !== false)
      this.#say(
        'info',
        /^(?:gzip|deflate|compress|addoutputfilter)/i,
        'responses go out with the coding that they come with',
      );
    return {};
  }

  /** A limit for one mount; where there is none of that name, `document.ts` makes one for all of it. */
  #bodyLimit({ maxBodyBytes }: Traits): Record<string, unknown> {
    return maxBodyBytes === undefined
      ? {}
      : { limits: { body: maxBodyBytes === 0 ? 'none' : printSize(maxBodyBytes) } };
  }

  /** Only headers that can be changed, each named once. */
  #edits(edits: HeaderEdits | undefined, side: 'request' | 'response'): Record<string, unknown> | undefined {
    if (edits === undefined) return undefined;
    const seen = new Set<string>();
    const takes = (name: string): boolean => {
      const lower = name.toLowerCase();
      if (seen.has(lower) || !isChangeableHeader(name, side)) {
        if (!seen.has(lower)) this.#inform(`${name} is left out: it is set by the server itself`);
        return false;
      }
      seen.add(lower);
      return true;
    };
    const lines = (values: Readonly<Record<string, string>> | undefined) =>
      Object.entries(values ?? {}).filter(([name, value]) => takes(name) && this.#isSendable(name, value));
    const [set, add] = [lines(edits.set), lines(edits.add)];
    const remove = (edits.remove ?? []).filter(takes);
    const printed = {
      ...(set.length > 0 && { set: Object.fromEntries(set) }),
      ...(add.length > 0 && { add: Object.fromEntries(add) }),
      ...(remove.length > 0 && { remove }),
    };
    return Object.keys(printed).length > 0 ? printed : undefined;
  }

  #isSendable(name: string, value: string): boolean {
    if (isFieldValue(value) && value.trim() === value) return true;
    this.#warn(`${name} is left out: its value cannot stand in a header`, 'see RFC 9110, section 5.5');
    return false;
  }

  /** Freshness is an option of files; elsewhere it is a header. */
  #responseHeaders({ responseHeaders, freshSeconds }: Traits, serving: string): HeaderEdits | undefined {
    if (freshSeconds === undefined || serving === 'files') return responseHeaders;
    const value = freshSeconds < 0 ? 'no-cache' : `max-age=${freshSeconds}`;
    // What the original says in so many words wins.
    return { ...responseHeaders, set: { 'Cache-Control': value, ...responseHeaders?.set } };
  }

  #refuse(message: string, advice: string): undefined {
    this.#error(`${this.#mount.path}: ${message}, which our language cannot say`, advice);
    return undefined;
  }

  #error(message: string, advice: string): void {
    this.#say('error', /(?:)/, message, advice);
  }

  #warn(message: string, advice: string): void {
    this.#say('warning', /(?:)/, message, advice);
  }

  #inform(message: string): void {
    this.#say('info', /(?:)/, message);
  }

  /** Speaks about the directive of that name among those that the mount comes from, else about the decisive one. */
  #say(severity: ImportSeverity, about: RegExp, message: string, advice = ''): void {
    const { directives } = this.#mount;
    const directive = directives.find(({ name }) => about.test(name)) ?? directives[0];
    if (directive !== undefined) this.#options.report.say(severity, directive, message, advice);
  }
}

const BALANCE_WORDS: Readonly<Record<BalanceRule, string>> = {
  'round-robin': 'the next',
  'least-busy': 'the least busy',
  random: 'any',
  'by-client-address': 'one by the address of the client',
  'by-path': 'one by the path',
  'by-cookie': 'one by a cookie',
};

/** The host of an origin, without its port. */
function hostOf(origin: string): string {
  return origin.replace(/^\w+:\/\//, '').replace(/:\d+$/, '');
}

function joinUrl(endpoint: string, path: string): string {
  const suffix = path === '/' || path === '' ? '' : path;
  return endpoint.startsWith('unix:') && suffix !== '' ? `${endpoint}:${suffix}` : endpoint + suffix;
}

/** One word for all files, or a map by ending. */
function printCache({ freshSeconds, freshByEnding }: Traits): Record<string, unknown> {
  if (freshByEnding === undefined) return freshSeconds === undefined ? {} : { cache: printFreshness(freshSeconds) };
  const rules = Object.entries(freshByEnding).map(
    ([ending, seconds]) => [`*${ending}`, printFreshness(seconds)] as const,
  );
  const all = freshSeconds === undefined ? {} : { '*': printFreshness(freshSeconds) };
  return { cache: { ...all, ...Object.fromEntries(rules) } };
}

function printFreshness(seconds: number): string {
  return seconds <= 0 ? 'revalidate' : printDuration(seconds * 1000);
}

function printTimeouts({ connectMs, readMs }: NonNullable<Traits['timeouts']>): Record<string, string> {
  return {
    ...(connectMs !== undefined && { connect: printDuration(connectMs) }),
    ...(readMs !== undefined && { upstreamHead: printDuration(readMs), upstreamBody: printDuration(readMs) }),
  };
}
