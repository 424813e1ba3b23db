// Recognises the public address in a backend path, in both dialects, so that it becomes `vhost` and not a fixed text.

/** What was found in a backend path. */
export type VhostFormInPath =
  | {
      readonly kind: 'form';
      readonly dialect: 'nevow' | 'zope';
      /** The first segment. */
      readonly mount: string;
      /** Set where the form names another host than the one asked for. */
      readonly authority: string | undefined;
      /** Set where the form names another scheme than that of the request. */
      readonly scheme: 'http' | 'https' | undefined;
      /** The base without the form; for nevow the public path, which is what it always is. */
      readonly base: string;
    }
  /** The nevow form before a path that is not the public one: it has no word for a prefix. */
  | { readonly kind: 'stripped' };

const NEVOW = /^(\/vhost)\/(https?)\/([^/?]+)(\/.*)?$/;
const ZOPE = /^\/VirtualHostBase\/(https?)\/([^/?]+)(\/.*)?$/;

/**
 * Finds the form at the start of `base`, the backend path of everything below `publicPath`.
 * `asked` is the host and port of the requests that showed it.
 */
export function findVhostForm(
  base: string,
  publicPath: string,
  asked: { readonly host: string; readonly port: number; readonly scheme: 'http' | 'https' },
): VhostFormInPath | undefined {
  const [, mount, nevowScheme, nevowAuthority = '', rest = ''] = NEVOW.exec(base) ?? [];
  if (mount !== undefined) {
    if (rest !== publicPath) return { kind: 'stripped' };
    const address = compareAddress(nevowScheme, nevowAuthority, asked);
    return { kind: 'form', dialect: 'nevow', mount, ...address, base: '/' };
  }
  const [, scheme, authority = '', inner = ''] = ZOPE.exec(base) ?? [];
  if (scheme === undefined) return undefined;
  const root = inner.indexOf('/VirtualHostRoot');
  const behind = root < 0 ? inner : inner.slice(root + '/VirtualHostRoot'.length);
  // `_vh_` marks say the prefix, which is the path of the mount; anything else behind the keyword is a path of its own.
  if (behind.replaceAll('/_vh_', '/') !== publicPath) return undefined;
  const basePath = root <= 0 ? '/' : `${inner.slice(0, root)}/`;
  return {
    kind: 'form',
    dialect: 'zope',
    mount: '/VirtualHostBase',
    ...compareAddress(scheme, authority, asked),
    base: basePath,
  };
}

function compareAddress(
  schemeText: string | undefined,
  authorityText: string,
  asked: { readonly host: string; readonly port: number; readonly scheme: 'http' | 'https' },
): { authority: string | undefined; scheme: 'http' | 'https' | undefined } {
  const scheme = schemeText === 'https' ? 'https' : 'http';
  const [, host = '', portText] = /^(.*?)(?::(\d+))?$/.exec(authorityText.toLowerCase()) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  const isAsked =
    host === asked.host && (port === undefined || port === asked.port || port === (scheme === 'https' ? 443 : 80));
  return { authority: isAsked ? undefined : authorityText, scheme: scheme === asked.scheme ? undefined : scheme };
}
