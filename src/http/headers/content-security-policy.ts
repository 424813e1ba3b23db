// Content-Security-Policy (CSP Level 3): policies, directives and sources, changed in place and never deleted.

/** One directive of a policy. */
export interface CspDirective {
  /** Lower case. */
  readonly name: string;
  /** Its values as written. */
  readonly values: readonly string[];
}

/** Directives whose values are no sources. */
const NOT_SOURCES = new Set([
  'report-to',
  'sandbox',
  'plugin-types',
  'trusted-types',
  'require-trusted-types-for',
  'require-sri-for',
  'upgrade-insecure-requests',
  'block-all-mixed-content',
  'webrtc',
]);

/** How the parts of a policy are mapped. */
export interface CspMapping {
  /** A source expression that is no keyword, nonce or hash. */
  readonly source: (source: string) => string;
  /** A URL of `report-uri`. */
  readonly url: (url: string) => string;
}

/** Maps the values of every directive of every policy in a header or meta value; white space and separators stay. */
export function mapPolicies(value: string, mapping: CspMapping): string {
  return value.replace(/[^;,]+/g, (directive) => mapDirective(directive, mapping));
}

function mapDirective(text: string, mapping: CspMapping): string {
  const name = /^[\t\n\f\r ]*([^\t\n\f\r ]+)/.exec(text)?.[1]?.toLowerCase();
  if (name === undefined || NOT_SOURCES.has(name)) return text;
  const map = name === 'report-uri' ? mapping.url : (source: string) => mapSource(source, mapping.source);
  let isName = true;
  return text.replace(/[^\t\n\f\r ]+/g, (word) => {
    if (!isName) return map(word);
    isName = false;
    return word;
  });
}

/** Keywords, nonces and hashes are quoted; `*` and `https:` name no host. */
function mapSource(source: string, map: (source: string) => string): string {
  return source.startsWith("'") || source === '*' || /^[a-z][a-z0-9+.-]*:$/i.test(source) ? source : map(source);
}

/** A host source (CSP3 §2.3.1) taken apart; undefined for anything else. */
export interface HostSource {
  /** Lower case, empty if none is written. */
  readonly scheme: string;
  readonly host: string;
  /** A number, `*`, or empty. */
  readonly port: string;
  readonly path: string;
}

const HOST_SOURCE = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9_*.-]+)(?::(\d{1,5}|\*))?(\/[^?#]*)?$/i;

/** Parses `[scheme://]host[:port][path]`. */
export function parseHostSource(source: string): HostSource | undefined {
  const match = HOST_SOURCE.exec(source);
  if (match === null) return undefined;
  const [, scheme = '', host = '', port = '', path = ''] = match;
  return { scheme: scheme.toLowerCase(), host: host.toLowerCase(), port, path };
}

/** The policies of a value, each a list of directives; of directives with the same name only the first counts. */
export function parsePolicies(value: string): CspDirective[][] {
  return value.split(',').map((policy) => {
    const directives = new Map<string, CspDirective>();
    for (const text of policy.split(';')) {
      const [name = '', ...values] = text.split(/[\t\n\f\r ]+/).filter(Boolean);
      const lowerName = name.toLowerCase();
      if (lowerName !== '' && !directives.has(lowerName)) directives.set(lowerName, { name: lowerName, values });
    }
    return [...directives.values()];
  });
}

/** The first nonce that the policies give to scripts, without its quotes and `nonce-`; undefined if there is none. */
export function scriptNonce(value: string): string | undefined {
  for (const policy of parsePolicies(value)) {
    for (const source of scriptDirective(policy)?.values ?? []) {
      const nonce = /^'nonce-([^']+)'$/i.exec(source)?.[1];
      if (nonce !== undefined) return nonce;
    }
  }
  return undefined;
}

/** The directive that rules script elements (CSP3 §6.8.1). */
function scriptDirective(policy: readonly CspDirective[]): CspDirective | undefined {
  const byName = (name: string) => policy.find((directive) => directive.name === name);
  return byName('script-src-elem') ?? byName('script-src') ?? byName('default-src');
}

/**
 * Adds a source (a hash, a nonce, a URL) for script elements to every policy that restricts them. Where only
 * `default-src` does, a `script-src-elem` with its sources and the new one is added, so that nothing else opens up.
 */
export function allowScript(value: string, source: string): string {
  return value
    .split(',')
    .map((policy) => allowScriptInPolicy(policy, source))
    .join(',');
}

function allowScriptInPolicy(policy: string, source: string): string {
  const directive = scriptDirective(parsePolicies(policy)[0] ?? []);
  if (directive === undefined || directive.values.includes(source)) return policy;
  // 'none' counts only when it stands alone (CSP3 §6.7.2.5).
  const values = directive.values.filter((existing) => existing.toLowerCase() !== "'none'");
  const text = [...values, source].join(' ');
  if (directive.name === 'default-src') return `${policy.trimEnd().replace(/;$/, '')}; script-src-elem ${text}`;
  let isFirst = true;
  return policy.replace(/[^;]+/g, (part) => {
    const name = part.trim().split(/[\t\n\f\r ]+/, 1)[0] ?? '';
    if (!isFirst || name.toLowerCase() !== directive.name) return part;
    isFirst = false;
    return `${/^\s*/.exec(part)?.[0] ?? ''}${name} ${text}`;
  });
}
