// The address of a redirect: a template with placeholders, checked so that no request can choose another host.
import type { Exchange } from '../../exchange/exchange.ts';
import { stripSegments } from '../../http/target.ts';

/** What a placeholder stands for, or undefined if the request does not have it. */
type Part = (exchange: Exchange) => string | undefined;

/** A template taken apart. */
export interface LocationTemplate {
  /** The URL for a request; undefined if it needs a host and the request names none (HTTP/1.0). */
  print(exchange: Exchange): string | undefined;
}

const PLACEHOLDER = /\{([^{}]*)\}/;
/** Scheme and authority, or nothing. The authority may hold `{host}`. */
const ORIGIN = /^(?:(?:https?|\{scheme\}):\/\/(?:[^/?#{]|\{host\})*)?/i;
/** What may follow directly behind the authority: it must end there, whatever the placeholders stand for. */
const BEHIND_ORIGIN = /^(?:$|[/?#]|\{path\})/;
const URL_CHARACTERS = /^[\x21-\x7e]+$/;

/**
 * What is wrong with a template, or undefined if it can be used.
 *
 * A placeholder with text of the client's must never become a part of scheme or authority. `https://new.example{rest}`
 * would lead to `new.example.evil` and `{rest}` alone to `//evil`; both are refused here, once and for all requests.
 */
export function checkTemplate(template: string): string | undefined {
  const unknown = [...template.matchAll(/\{([^{}]*)\}/g)].find(([, name = '']) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined)
    return `unknown placeholder ${unknown[0]}; there are ${Object.keys(PARTS)
      .map((name) => `{${name}}`)
      .join(', ')}`;
  const text = template.replaceAll(/\{[^{}]*\}/g, '');
  if (/[{}]/.test(text)) return 'a brace without its partner; write it as %7B or %7D';
  if (text !== '' && !URL_CHARACTERS.test(text))
    return 'a URL has no spaces and no letters beyond ASCII; write them percent-encoded';
  if (text.includes('\\')) return 'a URL has no backslash; browsers read it as a slash';
  const [origin = ''] = ORIGIN.exec(template) ?? [];
  const rest = template.slice(origin.length);
  if (origin === '') return checkPath(rest);
  const authority = origin.slice(origin.indexOf('//') + 2);
  if (authority === '' || authority.includes('@')) return 'expected a host behind //';
  return BEHIND_ORIGIN.test(rest) ? undefined : 'expected a slash between the host and a placeholder other than {path}';
}

/** Takes a template apart that {@link checkTemplate} let pass, for a mount with `mountSegments` path segments. */
export function parseTemplate(template: string, mountSegments: number): LocationTemplate {
  const parts = template.split(PLACEHOLDER).map((text, index): Part => {
    if (index % 2 === 0) return () => text;
    return PARTS[text as keyof typeof PARTS](mountSegments);
  });
  const isPath = ORIGIN.exec(template)?.[0] === '';
  return {
    print(exchange) {
      let location = '';
      for (const part of parts) {
        const text = part(exchange);
        if (text === undefined) return undefined;
        location += text;
      }
      // RFC 3986 §4.2: two slashes at the start would begin an authority, and to browsers a backslash is one too.
      // A path of the client's may start with them.
      return isPath ? location.replace(/^\/[/\\]+/, '/') : location;
    },
  };
}

/** All placeholders. Texts of the request go in with their octets as received, which `parseTarget` has checked. */
const PARTS = {
  path: () => (exchange: Exchange) => exchange.request.target.path,
  rest: (mountSegments: number) => (exchange: Exchange) =>
    stripSegments(exchange.request.target.path, mountSegments).replace(/^\/+/, ''),
  query: () => (exchange: Exchange) => exchange.request.target.query ?? '',
  host: () => (exchange: Exchange) => exchange.client.authority?.host,
  scheme: () => (exchange: Exchange) => exchange.client.scheme,
} satisfies Record<string, (mountSegments: number) => Part>;

function checkPath(path: string): string | undefined {
  if (path.startsWith('//')) return 'expected a scheme in front of //';
  if (path.startsWith('/{path}')) return '{path} begins with a slash itself';
  if (/^(?:\/|\?|#|\{path\})/.test(path)) return undefined;
  return 'expected a path that begins with a slash, or a URL such as https://www.example.org/';
}
