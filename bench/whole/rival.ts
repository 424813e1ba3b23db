// What a proxy must offer to be measured: how it is found, configured and started.
import type { Owner } from '../../test/kit/at-end.ts';
import type { BackendPorts } from './backend.ts';
import type { ServerProcess } from './server-process.ts';

/** What a rival is configured for. Every rival proxies everything to the backend, with one worker. */
export interface Setup {
  /** A folder of its own, for configuration and logs. */
  readonly folder: string;
  /** The loopback port to listen on. */
  readonly port: number;
  readonly backendPort: number;
  /** What is spoken there, in cleartext. */
  readonly backendProtocol: keyof BackendPorts;
  /** A file for the access log, in the rival's usual format; undefined for no log. */
  readonly accessLog: string | undefined;
  /** How many connections from clients must be possible. */
  readonly connections: number;
  /** Clients speak TLS, HTTP/2 or HTTP/1.1 by ALPN, with this certificate; undefined for cleartext. */
  readonly certificate: CertificateFiles | undefined;
  /**
   * HTML is rewritten: `path` mounts the backend's root at {@link REWRITE_MOUNT}, `host` at the root, where only its
   * absolute URLs change, `plain` likewise without rewriting. Undefined: everything goes to the backend as it is.
   */
  readonly rewriting: 'path' | 'host' | 'plain' | undefined;
  /** The sites of the routing workload; undefined for one that takes every host and path. */
  readonly sites: Sites | undefined;
  /** The Node.js for Portico. */
  readonly node: string;
}

/** A certificate for 127.0.0.1 and its key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Where the backend's root stands in the rewriting workloads. */
export const REWRITE_MOUNT = '/app/';

/** `hostCount` sites, each with `mountCount` mounts; or one site for every host, if `hostCount` is 0. */
export interface Sites {
  readonly hostCount: number;
  readonly mountCount: number;
}

/** One proxy. */
export interface Rival {
  readonly name: string;
  /** What to do to have it, or undefined if it can be started. May install it, if that needs no rights. */
  missing(): string | undefined;
  /** Its name with its version. */
  version(): string;
  /** Whether it can do what the setup asks; a reason if not. */
  cannot?(setup: Setup): string | undefined;
  /** Writes its configuration and starts it. It need not listen yet. */
  start(owner: Owner, setup: Setup): ServerProcess;
}

/** The host name of site `index` of the routing workload. */
export function siteHost(index: number): string {
  return `site-${index}.bench.example`;
}

/** The path of mount `index` of each site of the routing workload. */
export function mountPath(index: number): string {
  return `/mount-${index}/`;
}

/** Calls `print` for each of `count` numbers from 0 and joins what it returns by line ends. */
export function lines(count: number, print: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => print(index)).join('\n');
}
