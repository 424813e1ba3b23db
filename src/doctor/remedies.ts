// Which setting mends what was found: the only place where the doctor gives advice.

import { parseUrl } from '../util/parse-url.ts';
import type { Remedy } from './finding.ts';

/** An address of the backend in an answer. `isKnown`: the configuration has it among the addresses of the mount. */
export function remedyForLeak(authority: string, place: string, mediaType: string, isKnown: boolean): Remedy {
  if (!isKnown)
    return {
      key: 'rewrite.also',
      value: [`http://${authority}`],
      advice: 'The mount does not know this name of its backend: add it, with the path that stands for its root there.',
    };
  if (place !== 'body')
    return {
      key: 'rewrite',
      value: 'headers',
      advice: `The header ${place} is not rewritten: rewrite must not be off for this mount; headers is enough for this one.`,
    };
  if (/^text\/(?:plain|csv)$|^application\/octet-stream$|^$/.test(mediaType))
    return {
      key: 'rewrite.types',
      value: { [mediaType === '' ? 'text/plain' : mediaType]: 'text' },
      advice: 'Bodies of this type are passed on byte for byte: name a language for it if clients take URLs from them.',
    };
  return {
    key: 'rewrite',
    value: {},
    advice: 'Bodies of this mount are not rewritten: leave rewrite out, or give it a map instead of off or headers.',
  };
}

/** An answer of 4xx or 5xx. `base` is the path of the mount. */
export function remedyForStatus(status: number, path: string, base: string): Remedy {
  if (path.startsWith(base + base.slice(1)) && base !== '/')
    return {
      key: 'rewrite.prefix',
      value: 'keep',
      advice: 'The path of the mount stands in the URL twice: the application writes it by itself already.',
    };
  if (status === 421)
    return {
      key: 'host',
      value: 'upstream',
      advice: 'The application refuses the public name: send it the name of the backend, or tell it the public one.',
    };
  if (status === 400 || status === 403)
    return {
      key: 'host',
      value: 'upstream',
      advice: 'If the application answers here directly, it refuses the public name: send it that of the backend.',
    };
  if (status === 404 || status === 410)
    return {
      key: 'proxy',
      advice:
        'If the application has it directly, compare the paths with portico explain: the path behind the URL in proxy counts; else the link is broken in the application itself.',
    };
  if (status >= 500)
    return {
      key: undefined,
      advice: 'The log of Portico has the code and the reason (docs/errors.md), or the application failed.',
    };
  return { key: undefined, advice: 'The application refuses it; ask it directly to compare.' };
}

/** Nothing came back. */
export const UNREACHABLE: Remedy = {
  key: 'listen',
  advice: 'Nothing answers at this address: is the server running there? --connect leads names elsewhere.',
};

/** The browser asked the backend by its own name. */
export function remedyForEscape(url: string, isKnown: boolean): Remedy {
  const { origin, pathname } = new URL(url);
  if (!isKnown)
    return {
      key: 'rewrite.also',
      value: [origin],
      advice: 'The mount does not know this name of its backend: add it.',
    };
  return {
    key: 'rewrite.shim',
    value: 'on',
    advice: `A script put the address together, or rewrite is off: let the shim map what scripts build (${pathname}).`,
  };
}

/** A request of a page that went to the origin beside the mount. */
export function remedyForStray(url: string): Remedy {
  const { pathname } = new URL(url);
  return {
    key: 'rewrite.strings',
    value: [pathname],
    advice:
      'A script built this URL, and the shim did not meet it: name the string as it stands in the script, or switch on rewrite.shim if it is off.',
  };
}

/** A link, form or redirect that leads to the same origin beside the mount. */
export function remedyForLinkOut(url: string): Remedy {
  const { pathname } = new URL(url);
  return {
    key: 'rewrite.prefix',
    value: 'auto',
    advice: `Root-relative URLs get the path of the mount unless rewrite is off or headers, prefix is keep, or except covers them. If ${pathname} is meant, list it under rewrite.except and mount it.`,
  };
}

/** An insecure URL on a secure page. */
export const MIXED_CONTENT: Remedy = {
  key: 'trust',
  advice:
    'The application believes it is asked by http: list the proxy that ends TLS in front of Portico under trust, so that its X-Forwarded-Proto is believed; if the URL has another name of the backend, add it to rewrite.also.',
};

/** A policy that forbids what the page needs. */
export function remedyForPolicy(url: string): Remedy {
  const parsed = parseUrl(url);
  if (parsed === undefined)
    return {
      key: undefined,
      advice: "The application's own policy forbids its inline script or style, here as directly.",
    };
  return {
    key: 'rewrite.also',
    value: [parsed.origin],
    advice: 'The policy names the application by another address than the page uses: known names in it are mapped.',
  };
}

/** A chain of redirects that comes back to where it was. */
export function remedyForLoop(chain: readonly string[]): Remedy {
  const paths = chain.map((url) => new URL(url).pathname.replace(/\/$/, ''));
  if (new Set(paths).size > 1)
    return {
      key: 'rewrite.prefix',
      value: 'keep',
      advice: 'The application redirects in a circle: it may add the path of the mount by itself.',
    };
  if (chain[0]?.startsWith('https:') === true)
    return {
      key: 'trust',
      advice:
        'The application believes it is asked by http and sends everybody to https: list the proxy that ends TLS in front of Portico under trust, or let the application believe X-Forwarded-Proto.',
    };
  return {
    key: 'host',
    value: 'upstream',
    advice: 'The application sends everybody to its own name: let it be asked by that, or tell it the public one.',
  };
}

/** A cookie whose Path does not fit the mount. */
export function remedyForCookiePath(isWider: boolean): Remedy {
  const advice = isWider
    ? 'Every mount of this origin gets this cookie: with rewrite on (headers is enough) its Path becomes that of the mount.'
    : 'No request of the mount carries this cookie: with rewrite on (headers is enough) its Path is mapped; else the application writes a public path that is not this one.';
  return { key: 'rewrite', value: 'headers', advice };
}

/** A cookie whose Domain browsers refuse here. */
export function remedyForCookieDomain(domain: string): Remedy {
  return {
    key: 'rewrite.also',
    value: [`http://${domain.replace(/^\./, '')}`],
    advice: 'Browsers drop a cookie of a foreign domain: Domains of known names of the backend are taken away.',
  };
}

/** A Secure cookie over plain http. */
export const COOKIE_SECURE: Remedy = {
  key: 'trust',
  advice:
    'Browsers drop it on this page: serve the site by https, or do not let a client claim https (X-Forwarded-Proto is believed from trust only).',
};

/** A script failed that may have met an address it does not expect. */
export const SCRIPT_ERROR: Remedy = {
  key: 'rewrite.spa',
  value: 'off',
  advice:
    'If the page works directly, try the other setting: routers that find out their prefix by themselves want off, those that know only / want on.',
};
