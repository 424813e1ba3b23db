// Maps request paths of a mount to paths of its backend: cuts the public base off, puts the backend base before.
import { stripSegments, type Target } from '../../http/target.ts';

/** The request-target to send for one received under the mount. */
export type MapTarget = (target: Target) => string;

/**
 * The map from below `publicPath` to below `backendPath`. A subtree (both end in `/`) keeps what follows, octet by octet;
 * an exact public path becomes the backend path itself. Only the base is replaced: RFC 9110 §7.7.
 */
export function createTargetMap(publicPath: string, backendPath: string): MapTarget {
  const isSubtree = publicPath.endsWith('/');
  if (isSubtree && publicPath === '/' && backendPath === '/') return (target) => target.text;
  const depth = publicPath.split('/').length - 2;
  const base = backendPath.endsWith('/') ? backendPath.slice(0, -1) : backendPath;
  return function mapTarget(target) {
    if (target.form === 'asterisk') return '*';
    const query = target.query === undefined ? '' : `?${target.query}`;
    if (!isSubtree) return backendPath + query;
    const rest = stripSegments(target.path, depth);
    return base + rest + query || '/';
  };
}
