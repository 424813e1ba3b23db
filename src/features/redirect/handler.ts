// Sends clients to another address.
import { bytesBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { FeatureContext, FeatureInstance } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import { plainPath } from '../../exchange/public-path.ts';
import { HeaderList } from '../../http/header-list.ts';
import { reasonPhrase } from '../../http/status.ts';
import { parseTemplate } from './location.ts';
import type { RedirectOptions } from './options.ts';

/** Makes the handler of one mount. Throws an Error for the operator if the redirect leads back to itself. */
export function createRedirect(options: RedirectOptions, context: FeatureContext): FeatureInstance {
  const { to, status } = options;
  const mountPath = plainPath(context.mount.path);
  const template = parseTemplate(to, mountPath.split('/').filter((segment) => segment !== '').length);
  const [toPath = ''] = to.split(/[?#]/);
  if (toPath === mountPath || toPath === '{path}')
    throw new Error(`redirect: ${to} leads back to ${mountPath}, for ever`);
  const keepsQuery = options.query === undefined ? !to.includes('{query}') : options.query === 'keep';
  const reason = reasonPhrase(status);
  return {
    handle: function redirect(exchange): Reply {
      const location = template.print(exchange);
      if (location === undefined) throw new ProxyError('request_malformed', `a redirect to ${to} needs a Host`);
      const { query } = exchange.request.target;
      const target = keepsQuery && query !== undefined ? withQuery(location, query) : location;
      // RFC 9110 §15.4: a short note for who does not follow. As text, nothing in the URL can become markup.
      const body = bytesBody(`${status} ${reason}\n${target}\n`);
      const headers = HeaderList.from([
        ['Location', target],
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Length', String(body.length)],
      ]);
      return { head: { status, reason, headers }, body };
    },
    explain: () => [`redirects to ${to} with ${status}`],
  };
}

/** Puts a query behind the one that is there, in front of a fragment. */
function withQuery(location: string, query: string): string {
  const hash = location.indexOf('#');
  const [url, fragment] = hash < 0 ? [location, ''] : [location.slice(0, hash), location.slice(hash)];
  return `${url}${url.includes('?') ? '&' : '?'}${query}${fragment}`;
}
