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

/** Where a policy is used: what `'self'` means, and what URLs are compared with. */
export interface PolicySelf {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** Which script elements policies let in. */
export interface ScriptAdmission {
  /** One that is loaded from the page's own origin. */
  readonly external: boolean;
  /** One that is written into the page. */
  readonly inline: boolean;
}

/**
 * What `policies` (as in a header or meta value) let in: a script from `path` on the page's own origin, and one in the
 * page, both with `nonce`.
 */
export function admitScript(
  policies: string,
  self: PolicySelf,
  path: string,
  nonce: string | undefined,
): ScriptAdmission {
  let external = true;
  let inline = true;
  for (const policy of parsePolicies(policies)) {
    const sources = scriptDirective(policy)?.values;
    if (sources === undefined || (nonce !== undefined && sources.includes(`'nonce-${nonce}'`))) continue;
    external &&= !hasKeyword(sources, "'strict-dynamic'") && matchesSelf(sources, self, path);
    inline &&= hasKeyword(sources, "'unsafe-inline'") && !sources.some(replacesUnsafeInline);
  }
  return { external, inline };
}

/** What {@link letScriptsIn} adds where nothing lets a script in. */
export interface ScriptSources {
  /** The URL of the external script. */
  readonly url: string;
  /** Its quoted hash, for policies in which URLs do not count. */
  readonly hash: string;
  /** The quoted hash of the script in the page, if there is one. */
  readonly inlineHash: string | undefined;
}

/** Adds to each policy of a header value what the two scripts of {@link admitScript} lack, and nothing else. */
export function letScriptsIn(
  value: string,
  self: PolicySelf,
  path: string,
  nonce: string | undefined,
  sources: ScriptSources,
): string {
  const letIn = (policy: string) => {
    const { external, inline } = admitScript(policy, self, path, nonce);
    const added = external ? policy : allowScript(policy, isStrictDynamic(policy) ? sources.hash : sources.url);
    return inline || sources.inlineHash === undefined ? added : allowScript(added, sources.inlineHash);
  };
  return value.split(',').map(letIn).join(',');
}

/** Whether a base element may name a URL of the page's own origin (CSP3 §6.3.1). */
export function allowsOwnBase(policies: string, self: PolicySelf, path: string): boolean {
  return parsePolicies(policies).every((policy) => {
    const sources = policy.find(({ name }) => name === 'base-uri')?.values;
    return sources === undefined || matchesSelf(sources, self, path);
  });
}

/** Whether every policy that says how scripts run lets a sandboxed page run any. */
export function runsScripts(policies: string): boolean {
  return parsePolicies(policies).every((policy) => {
    const flags = policy.find(({ name }) => name === 'sandbox')?.values;
    return flags === undefined || hasKeyword(flags, 'allow-scripts');
  });
}

function hasKeyword(sources: readonly string[], keyword: string): boolean {
  return sources.some((source) => source.toLowerCase() === keyword);
}

/** CSP3 §6.7.3.2: beside one of these 'unsafe-inline' does not count. */
function replacesUnsafeInline(source: string): boolean {
  return /^'(?:nonce-|sha(?:256|384|512)-|strict-dynamic')/i.test(source);
}

/** CSP3 §6.7.2.6: whether a list of sources matches a URL of the page's own origin. */
function matchesSelf(sources: readonly string[], self: PolicySelf, path: string): boolean {
  return sources.some((source) => {
    const lower = source.toLowerCase();
    if (["'self'", '*', 'http:', `${self.scheme}:`].includes(lower)) return true;
    const parts = parseHostSource(source);
    return parts !== undefined && matchesHostSource(parts, self, path);
  });
}

function matchesHostSource({ scheme, host, port, path }: HostSource, self: PolicySelf, ownPath: string): boolean {
  if (scheme !== '' && scheme !== self.scheme && !(scheme === 'http' && self.scheme === 'https')) return false;
  const isHost = host.startsWith('*.') ? self.host.endsWith(host.slice(1)) : host === '*' || host === self.host;
  if (!isHost) return false;
  const usual = self.scheme === 'https' ? 443 : 80;
  const isPort = port === '*' || Number(port === '' ? usual : port) === self.port;
  return isPort && (path === '' || path === ownPath || (path.endsWith('/') && ownPath.startsWith(path)));
}

/** Whether a policy makes scripts trusted only by a nonce or a hash, so that no host can let one in. */
function isStrictDynamic(policy: string): boolean {
  const [directives] = parsePolicies(policy);
  return hasKeyword(scriptDirective(directives ?? [])?.values ?? [], "'strict-dynamic'");
}
