// The front half of the public address in the path: wraps what goes upstream into the form that the backend reads.
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance } from '../../exchange/feature.ts';
import { isSubtree } from '../../exchange/public-path.ts';
import { TARGET_WRAPPER, type TargetWrapper } from '../../exchange/target-wrapper.ts';
import { defaultPort } from '../../http/target.ts';
import { encodeVhostBase, findAmbiguity, type VhostRefusal } from '../../vhost-path/encode.ts';
import { isPublicPrefix, type PublicAddress } from '../../vhost-path/public-address.ts';
import { refusedForm, type VhostOptions, writtenForm } from './options.ts';

/**
 * Makes the feature for one mount. Throws a RangeError where the mount's path cannot be said in the zope dialect:
 * an exact path, which has no prefix to give.
 */
export function createVhost(options: VhostOptions, context: FeatureContext): FeatureInstance {
  const wrap = createWrapper(options, context.mount.path);
  return {
    handle: function vhost(exchange, next) {
      exchange.set(TARGET_WRAPPER, wrap);
      return next();
    },
    refusedForm: refusedForm(options),
    explain: () => [explain(options, context.mount.path)],
  };
}

/**
 * The wrapper of one mount. The nevow form has no prefix, so that what stands behind it must be the public path: the
 * proxy keeps it there (`keepsPublicPath`). The zope form carries both: the mount's path as prefix, the backend base as inner path.
 */
export function createWrapper(options: VhostOptions, mountPath: string): TargetWrapper {
  const form = writtenForm(options);
  const prefix = form.dialect === 'zope' ? zopePrefix(mountPath) : '';
  // One slot: nearly every request of a mount names the same host.
  let lastAddress: PublicAddress | undefined;
  let lastInnerPath = '';
  let lastBase = '';

  return function wrapTarget(exchange, target, basePath) {
    if (target === '*') return target;
    const address = publicAddressOf(exchange, options, prefix);
    const innerPath = form.dialect === 'zope' ? basePath.replace(/\/$/, '') : '';
    if (!isSame(address, lastAddress) || innerPath !== lastInnerPath) {
      const base = encodeVhostBase(form, address, innerPath);
      if (typeof base !== 'string') throw refuse(base.refusal);
      [lastAddress, lastInnerPath, lastBase] = [address, innerPath, base];
    }
    const path = innerPath === '' ? target : target.slice(innerPath.length);
    // With `clients: pass` the operator wants what the original front did: the form goes on inside ours.
    const refusal = options.clients === 'pass' ? undefined : findAmbiguity(form, path);
    if (refusal !== undefined) throw refuse(refusal);
    return path.startsWith('/') ? lastBase + path : `${lastBase}/${path}`;
  };
}

function publicAddressOf(exchange: Exchange, options: VhostOptions, prefix: string): PublicAddress {
  const scheme = options.scheme ?? exchange.client.scheme;
  const authority = options.authority ?? exchange.client.authority;
  if (authority === undefined) throw new ProxyError('request_malformed', 'vhost: the request names no host');
  return { scheme, host: authority.host, port: authority.port ?? defaultPort(scheme), prefix };
}

function isSame(one: PublicAddress, other: PublicAddress | undefined): boolean {
  return other !== undefined && one.host === other.host && one.port === other.port && one.scheme === other.scheme;
}

function zopePrefix(mountPath: string): string {
  const prefix = mountPath.slice(0, -1);
  if (isSubtree(mountPath) && isPublicPrefix(prefix)) return prefix;
  throw new RangeError(`Cannot use the zope dialect at "${mountPath}": it needs a mount that ends in a slash`);
}

function refuse(refusal: VhostRefusal): ProxyError {
  switch (refusal) {
    case 'host':
      return new ProxyError('misdirected', 'vhost: the form has no spelling for the host of this request');
    case 'prefix':
      return new ProxyError('request_denied', 'vhost: the backend path cannot stand in the form');
    case 'nested':
      return new ProxyError('request_denied', 'vhost: the path would be read as another public address');
    case 'climbs':
      return new ProxyError('request_denied', 'vhost: dot segments in the path could climb out of the form');
  }
}

function explain(options: VhostOptions, mountPath: string): string {
  const { dialect, mount } = writtenForm(options);
  const { host = 'HOST', port } = options.authority ?? {};
  const authority = port === undefined ? host : `${host}:${port}`;
  const prefix = dialect === 'zope' ? `, with ${mountPath} as prefix` : '';
  return `writes ${mount}/${options.scheme ?? 'SCHEME'}/${authority} before the backend path${prefix}`;
}
