// Derived mounts in the words of our language. The only file here that knows how the keys of a mount are spelled.
import { printDuration } from '../../util/duration.ts';
import { printSize } from '../../util/size.ts';
import type { DerivedMount } from './derive.ts';
import { CLIENT_HOST_MARK, type ProxyOutcome } from './outcome.ts';
import type { ForeignDirective, ImportReport } from './report.ts';
import type { PathRule, Served } from './template.ts';
import type { HeaderEdits, Traits } from './traits.ts';
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
  /** Whether the original lets a client send the public address in the path; undefined where nothing reads it. */
  readonly refusesVhostPaths: boolean;
}

/** A mount in its long form: the keys below a path. */
export interface RenderedMount {
  readonly path: string;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly directives: readonly ForeignDirective[];
}

const NOT_IMPORTED = { respond: 501 } as const;

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
    this.#isSubtree = mount.path.endsWith('/');
  }

  render(): Record<string, unknown> {
    const { served, traits } = this.#mount;
    const serving = this.#serve(served) ?? NOT_IMPORTED;
    return { ...serving, ...this.#features(traits, Object.keys(serving)[0] ?? '') };
  }

  #serve(served: Served): Record<string, unknown> | undefined {
    if (served.kind === 'proxy') return this.#proxy(served);
    if (served.kind === 'files') return this.#files(served);
    if (served.kind === 'redirect') return this.#redirect(served.location, served.status);
    if (served.kind === 'unsupported') return undefined;
    const { status, body, type } = served;
    if (body?.includes(CLIENT_HOST_MARK))
      return this.#refuse('the name that the client asked for is part of the text', 'leave it out');
    if (body === undefined) return { respond: status };
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
    const basePath = this.#isSubtree && !path.endsWith('/') ? `${path}/` : path;
    const urls = endpoints.map((endpoint) => joinUrl(endpoint, basePath));
    const upstreamTls = this.#mount.traits.upstreamTls;
    const to = urls.length === 1 ? urls[0] : urls;
    const proxy =
      upstreamTls === undefined
        ? to
        : {
            to,
            ...(!upstreamTls.verify && { verify: false }),
            ...(upstreamTls.name && { serverName: upstreamTls.name }),
          };
    return { proxy, ...this.#host(host, endpoints), ...keys };
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
    const form = findVhostForm(base, this.#mount.path, this.#address);
    if (form === undefined) return { keys: {}, base };
    if (form.kind === 'stripped') {
      this.#warn(
        'the backend is told a public address without the path of this mount, so its own links and redirects lose it',
        `let the application live at ${this.#mount.path} and write vhost: nevow`,
      );
      return { keys: {}, base };
    }
    const { report, compat, refusesVhostPaths } = this.#options;
    const [directive] = this.#mount.directives;
    const mustPass = compat && !refusesVhostPaths;
    if (!refusesVhostPaths && directive !== undefined) {
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
    const isPlainIndex = index.length === 1 && index[0] === 'index.html';
    const options = {
      root,
      ...(this.#isSubtree &&
        !isPlainIndex && { index: index.length === 0 ? false : index.length === 1 ? index[0] : index }),
      ...this.#fallback(missing, file.base),
      ...(list && { list }),
      ...(traits.hidden && { hidden: true }),
      ...(traits.precompressed === false && { precompressed: false }),
      ...(traits.freshSeconds !== undefined && { cache: printFreshness(traits.freshSeconds) }),
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
    const what =
      missing.kind === 'proxy'
        ? 'goes to a backend'
        : missing.kind === 'files'
          ? 'is looked for elsewhere'
          : `is a ${missing.kind}`;
    this.#error(
      `what is no file ${what}; our language only knows 404 or one file`,
      'mount the paths of files and of the backend separately',
    );
    return {};
  }

  #redirect(location: PathRule, status: number): Record<string, unknown> | undefined {
    const { host, port, scheme, isOpen } = this.#address;
    let to = location.base.replaceAll(CLIENT_HOST_MARK, '{host}');
    if (isOpen) {
      for (const name of [`${host}:${port}`, host]) to = to.replace(`://${name}`, '://{host}');
    }
    const isSame =
      to === `${scheme}://${host}${this.#mount.path}` ||
      to === `${scheme}://{host}${this.#mount.path}` ||
      to === this.#mount.path;
    if (isSame && location.keepsRest) return this.#refuse('redirects to itself', 'find out what was meant');
    return { redirect: location.keepsRest && this.#isSubtree ? `${to}` : to, status };
  }

  #features(traits: Traits, serving: string): Record<string, unknown> {
    const response = this.#responseHeaders(traits, serving);
    const headers = {
      ...(traits.requestHeaders && serving === 'proxy' && { request: printEdits(traits.requestHeaders) }),
      ...(response && { response: printEdits(response) }),
    };
    const { timeouts, balance, password, addresses, compress, errorPages, maxBodyBytes } = traits;
    if (addresses !== undefined)
      this.#error(
        'only some addresses may ask, which our language cannot say',
        'put the rule into a firewall, or leave this mount out',
      );
    return {
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(password && {
        auth: { realm: password.realm, file: password.file, ...(password.users && { users: password.users }) },
      }),
      ...(timeouts && serving === 'proxy' && { timeouts: printTimeouts(timeouts) }),
      ...(balance && serving === 'proxy' && { balance }),
      ...(compress !== undefined && { compress: compress === false ? false : { types: compress.types } }),
      ...(maxBodyBytes !== undefined && { limits: { body: maxBodyBytes === 0 ? 'none' : printSize(maxBodyBytes) } }),
      ...(errorPages && { 'error-pages': errorPages }),
    };
  }

  /** Freshness is an option of files; elsewhere it is a header. */
  #responseHeaders({ responseHeaders, freshSeconds }: Traits, serving: string): HeaderEdits | undefined {
    if (freshSeconds === undefined || serving === 'files') return responseHeaders;
    const value = freshSeconds < 0 ? 'no-cache' : `max-age=${freshSeconds}`;
    return { ...responseHeaders, set: { ...responseHeaders?.set, 'Cache-Control': value } };
  }

  #refuse(message: string, advice: string): undefined {
    this.#error(`${this.#mount.path}: ${message}, which our language cannot say`, advice);
    return undefined;
  }

  #error(message: string, advice: string): void {
    const [directive] = this.#mount.directives;
    if (directive !== undefined) this.#options.report.error(directive, message, advice);
  }

  #warn(message: string, advice: string): void {
    const [directive] = this.#mount.directives;
    if (directive !== undefined) this.#options.report.warn(directive, message, advice);
  }

  #inform(message: string): void {
    const [directive] = this.#mount.directives;
    if (directive !== undefined) this.#options.report.info(directive, message);
  }
}

/** `http://host:port` and a path; a base of `/` is what an empty one means. */
function joinUrl(endpoint: string, path: string): string {
  const suffix = path === '/' || path === '' ? '' : path;
  return endpoint.startsWith('unix:') && suffix !== '' ? `${endpoint}:${suffix}` : endpoint + suffix;
}

function printFreshness(seconds: number): string {
  return seconds < 0 ? 'revalidate' : seconds === 0 ? 'revalidate' : printDuration(seconds * 1000);
}

function printEdits({ set, add, remove }: HeaderEdits): Record<string, unknown> {
  return { ...(set && { set }), ...(add && { add }), ...(remove && { remove }) };
}

function printTimeouts({ connectMs, readMs }: NonNullable<Traits['timeouts']>): Record<string, string> {
  return {
    ...(connectMs !== undefined && { connect: printDuration(connectMs) }),
    ...(readMs !== undefined && { response: printDuration(readMs), read: printDuration(readMs) }),
  };
}
