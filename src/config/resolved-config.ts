// ResolvedConfig: a whole, checked configuration as plain frozen data: what `server/` builds a generation from.
import type { SourcePosition } from '../exchange/route.ts';
import type { CompatServer } from '../http/compat-target.ts';

/**
 * What a document means once defaults are applied, short forms expanded, durations and sizes turned into numbers and
 * paths made absolute. Deeply frozen; holds nothing live. Made by `config/load.ts` only.
 */
export interface ResolvedConfig {
  /** Absolute path of the document; undefined for a configuration that a command generated. */
  readonly file: string | undefined;
  /** The folder that relative paths start from: that of the document. */
  readonly baseDir: string;
  /** At least one. */
  readonly listeners: readonly ResolvedListener[];
  readonly sites: readonly ResolvedSite[];
  /** What clients are shown that ask for a name of no site; undefined refuses them. Sites have its keys merged in already. */
  readonly tls: ResolvedTls | undefined;
  /** Networks (CIDR, single addresses too) whose `Forwarded` and `X-Forwarded-*` headers are believed. */
  readonly trust: readonly string[];
  /** The server whose reading of paths and forwarding headers is used; undefined for our own. */
  readonly compat: CompatServer | undefined;
  readonly log: ResolvedLog;
  readonly admin: ResolvedAdmin;
  readonly storage: ResolvedStorage;
  /** Undefined where no site has certificates that are fetched. */
  readonly acme: ResolvedAcme | undefined;
  readonly limits: ResolvedLimits;
  readonly timeouts: ResolvedTimeouts;
}

/** Where to accept connections. */
export interface ResolvedListener {
  readonly address: TcpAddress | UnixAddress;
  /** Whether its connections begin with a TLS handshake. */
  readonly isSecure: boolean;
  /** Networks whose connections begin with a PROXY protocol header; others are refused. Undefined: nobody sends one. */
  readonly proxyTrust: readonly string[] | undefined;
  readonly source: SourcePosition | undefined;
}

/** A TCP address to bind. */
export interface TcpAddress {
  /** An IP address without brackets or a host name; undefined for every address of the machine, IPv4 and IPv6. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** A unix socket to bind. */
export interface UnixAddress {
  /** Absolute. */
  readonly path: string;
}

/** A set of names with mounts. */
export interface ResolvedSite {
  /** The key in the document, as written. */
  readonly key: string;
  /** At least one; no name (with its port) belongs to two sites. */
  readonly names: readonly SiteName[];
  /** At least one; no path twice. In the order of the document, which has no meaning. */
  readonly mounts: readonly ResolvedMount[];
  /** Undefined: the site has no certificate of its own. */
  readonly tls: ResolvedTls | undefined;
  /** Undefined: http and https are served alike. */
  readonly https: ResolvedHttps | undefined;
  readonly source: SourcePosition | undefined;
}

/** How strict TLS is about versions and cipher suites. */
export type TlsPreset = 'modern' | 'compatible' | 'strict';

/** TLS of a site. Whether the files exist and fit is seen when a generation is built. */
export interface ResolvedTls {
  /** At least one, or none with `auto`. */
  readonly certificates: readonly ResolvedCertificate[];
  /** How each name of the site gets a certificate that is fetched; undefined where `certificates` are there. */
  readonly auto: readonly ResolvedAutoName[] | undefined;
  /** Whether the certificates are those at the top of the document, which need not fit every site. */
  readonly isInherited: boolean;
  readonly preset: TlsPreset;
  readonly clients: ResolvedClients | undefined;
  readonly source: SourcePosition | undefined;
}

/** A name of a site, as in its `names`, whose certificates are fetched. */
export interface ResolvedAutoName {
  readonly host: string;
  /**
   * `local`: from this machine's own CA. `order`: from a CA, before anybody asks. `demand`: from a CA, for every name below
   * it that is asked for and allowed.
   */
  readonly from: 'local' | 'order' | 'demand';
}

/** Where fetched certificates come from. */
export interface ResolvedAcme {
  readonly email: string | undefined;
  /** At least one; asked in this order. */
  readonly authorities: readonly ResolvedAuthority[];
  /** Those that the listeners and `dns` allow; at least one where a name needs any. */
  readonly challenges: readonly ('http-01' | 'tls-alpn-01' | 'dns-01')[];
  readonly dns:
    | { readonly command: readonly string[]; readonly timeoutMs: number; readonly waitMs: number }
    | undefined;
  /** A URL. */
  readonly ask: string | undefined;
  readonly key: 'ecdsa' | 'rsa';
  readonly preflight: boolean;
}

/** A CA that speaks ACME. */
export interface ResolvedAuthority {
  /** A URL. */
  readonly directory: string;
  /** Absolute path of the root of its own https, in PEM; undefined for the public authorities. */
  readonly ca: string | undefined;
  readonly eab: { readonly kid: string; readonly secret: string } | undefined;
  readonly profile: string | undefined;
}

/** Absolute paths of PEM files; both may be the same. */
export interface ResolvedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Client certificates that are asked for. */
export interface ResolvedClients {
  /** Absolute path of the authorities in PEM. */
  readonly ca: string;
  readonly mode: 'require' | 'request';
}

/** The way from http to https. */
export interface ResolvedHttps {
  readonly redirect: boolean;
  readonly hsts: ResolvedHsts | undefined;
  /** The public port to redirect to; undefined to find out. */
  readonly port: number | undefined;
}

/** Strict-Transport-Security (RFC 6797). */
export interface ResolvedHsts {
  readonly maxAgeMs: number;
  readonly subdomains: boolean;
  readonly preload: boolean;
}

/** A name that a site answers to. */
export interface SiteName {
  /**
   * Lower-case, without trailing dot, international names in punycode, IPv6 in brackets. `*` is any name;
   * `*.example.net` is any name with one or more labels in front of `example.net`.
   */
  readonly host: string;
  /** The only port that the name matches on; undefined for every port. */
  readonly port: number | undefined;
}

/** A public path and what serves it. */
export interface ResolvedMount {
  /** A subtree if it ends in `/`, exactly itself without one or behind `=`. Spelled as `routingPath` spells paths. */
  readonly path: string;
  readonly source: SourcePosition | undefined;
  /** The feature of role `serve`. */
  readonly serve: ResolvedFeature;
  /** The other features, in the order of the feature list that the configuration was resolved with. */
  readonly features: readonly ResolvedFeature[];
}

/** One feature with its options. */
export interface ResolvedFeature {
  readonly name: string;
  /** What the feature's own schema made of the document: the argument of its `create`. */
  readonly options: unknown;
  readonly source: SourcePosition | undefined;
}

/** How the program logs. */
export interface ResolvedLog {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'json' | 'text';
  /** Absolute path; undefined for standard error. */
  readonly file: string | undefined;
}

/** Where the running program takes orders. */
export interface ResolvedAdmin {
  /** Absolute path of the unix socket; undefined turns it off. */
  readonly socketPath: string | undefined;
}

/** Where state lives that outlasts the process: certificates, caches. */
export interface ResolvedStorage {
  /** Absolute. Made when first needed. */
  readonly dir: string;
}

/** Bounds on what a client may send or hold. */
export interface ResolvedLimits {
  /** A request head or a response head, start line included. */
  readonly maxHeadBytes: number;
  /** Header lines in one head. */
  readonly maxHeaderCount: number;
  /** The request target. */
  readonly maxTargetBytes: number;
  /** A request body; undefined for no limit: bodies are passed on, not held. */
  readonly maxBodyBytes: number | undefined;
  /** TLS handshakes under way at the same time. */
  readonly maxHandshakes: number;
  /** Inbound connections open at the same time. */
  readonly maxConnections: number;
  /** The same from one client address. */
  readonly maxConnectionsPerAddress: number;
}

/** How long things may take. Those called progress start again with every byte. */
export interface ResolvedTimeouts {
  /** The request head, from its first byte to its last. */
  readonly headMs: number;
  /** Progress of the request body from the client. */
  readonly bodyMs: number;
  /** Progress of the response to the client. */
  readonly responseMs: number;
  /** A kept-alive inbound connection between two requests. */
  readonly idleMs: number;
  /** A connection to an endpoint, its name resolution and handshake included. */
  readonly connectMs: number;
  /** From the last byte of the request to the response head of the endpoint. */
  readonly upstreamHeadMs: number;
  /** Progress of the response body from the endpoint, and of the request body to it. */
  readonly upstreamBodyMs: number;
  /** A kept-alive outbound connection between two requests. */
  readonly upstreamIdleMs: number;
  /** Both ways of a tunnel (WebSocket) without a byte. */
  readonly tunnelMs: number;
  /** Between the order to drain and the end of the exchanges that are still running. */
  readonly drainMs: number;
}
