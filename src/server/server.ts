// The running server: listeners, connections and the current generation; start, reload, drain, stop.
import type { Socket } from 'node:net';
import { ChallengeBoard } from '../acme/challenges.ts';
import type { ResolvedConfig, ResolvedListener } from '../config/resolved-config.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { Feature, FeatureLog } from '../exchange/feature.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import type { Observer } from '../exchange/observer.ts';
import type { RewriteFigures } from '../exchange/rewrite-figures.ts';
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from '../h1/limits.ts';
import type { Connection } from '../net/connection.ts';
import { type ListenAddress, Listener } from '../net/listener.ts';
import { processMetrics, renderMetrics } from '../observe/metrics-registry.ts';
import { type HandshakeCounts, type HandshakeLimits, TlsAcceptor } from '../tls/acceptor.ts';
import type { CertificateSource } from '../tls/certificate-source.ts';
import { SessionTickets } from '../tls/session-tickets.ts';
import { CidrList } from '../util/cidr.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { Deadlines } from '../util/deadlines.ts';
import { RefPool } from '../util/ref-pool.ts';
import { type AdminAnswer, createAdminHost } from './admin/api.ts';
import { answerForCertificate, type CertificateAction } from './admin/certificates.ts';
import { prepareSocketFolder } from './admin/socket-folder.ts';
import { buildGeneration, type Services } from './build.ts';
import { ClientConnection } from './client-connection.ts';
import { createEntrance } from './entrance.ts';
import { type ExplainQuestion, type Explanation, explainRequest } from './explain.ts';
import { ExchangeServer } from './serve.ts';

/** What a server needs besides its configuration. */
export interface ServerOptions {
  readonly log: FeatureLog;
  readonly clock?: Clock;
  /** Observers of every exchange. */
  readonly observers?: readonly Observer[];
  /** Further sources of certificates, asked before those of the configuration. */
  readonly certificateSources?: readonly CertificateSource[];
  /** Carries out `reload` of the admin socket: loads the document again and calls `server.reload`. */
  readonly onReload?: () => Promise<AdminAnswer>;
}

/** What `portico leaks` shows of one mount. */
export interface MountFigures extends RewriteFigures {
  readonly site: string;
  readonly mount: string;
}

/** What `portico status` shows. */
export interface ServerStatus {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly generation: number;
  readonly reloads: number;
  readonly isDraining: boolean;
  readonly exchanges: number;
  /** Handshakes with clients since the start. */
  readonly tls: HandshakeCounts;
  readonly listeners: readonly { readonly address: string; readonly open: number; readonly refused: number }[];
  readonly sites: readonly { readonly site: string; readonly mount: string }[];
}

/** A listener that cannot be opened: names the address and says why. */
export class ListenError extends Error {
  override name = 'ListenError';
}

interface OpenListener {
  readonly key: string;
  readonly listener: Listener;
  isSecure: boolean;
}

/** Starts a server. Rejects with BuildError or {@link ListenError}; then nothing stays open. */
export async function startServer(
  config: ResolvedConfig,
  features: readonly Feature[],
  options: ServerOptions,
): Promise<Server> {
  const clock = options.clock ?? systemClock;
  let server: Server | undefined;
  const tickets = new SessionTickets(clock);
  const board = new ChallengeBoard(clock, tickets);
  const services: Services = {
    clock,
    deadlines: new Deadlines(clock),
    log: options.log,
    shared: new RefPool(),
    tls: { tickets, sources: [board, ...(options.certificateSources ?? [])], board },
    findHttpsPort: () => server?.httpsPort,
  };
  try {
    const generation = await buildGeneration(config, features, services, 1);
    const host = new ExchangeServer(generation, options.log, options.observers ?? [], board);
    server = new Server(config, features, options, services, host);
    await server.openListeners(config);
    generation.tls?.start();
  } catch (error) {
    tickets.close();
    await server?.stop();
    throw error;
  }
  return server;
}

/** A running server. Made by {@link startServer}. */
export class Server {
  readonly #features: readonly Feature[];
  readonly #options: ServerOptions;
  readonly #services: Services;
  readonly #host: ExchangeServer;
  readonly #connections = new Set<ClientConnection>();
  /** Sockets that have not come as far as HTTP. */
  readonly #entering = new Set<Socket>();
  readonly #acceptor: TlsAcceptor;
  readonly #startedAtMs: number;
  readonly #stopWatchingCertificates: () => void;
  #config: ResolvedConfig;
  #limits: ConnectionLimits;
  #listeners: OpenListener[] = [];
  #adminListener: OpenListener | undefined = undefined;
  #reloads = 0;
  #generationNumber = 1;
  #changing: Promise<unknown> = Promise.resolve();
  #whenIdle: (() => void) | undefined = undefined;

  constructor(
    config: ResolvedConfig,
    features: readonly Feature[],
    options: ServerOptions,
    services: Services,
    host: ExchangeServer,
  ) {
    this.#config = config;
    this.#features = features;
    this.#options = options;
    this.#services = services;
    this.#host = host;
    this.#limits = connectionLimits(config);
    this.#acceptor = new TlsAcceptor(
      // Always those of the current generation, under which the requests behind the handshake will be served.
      {
        find: (hello, place) => host.generation.tls?.store.find(hello, place),
        explainNothing: (hello, place) => host.generation.tls?.store.explainNothing(hello, place),
      },
      handshakeLimits(config),
      services.deadlines,
    );
    this.#startedAtMs = services.clock.now();
    this.#stopWatchingCertificates = processMetrics.watchCertificates(() => host.generation.tls?.expiries() ?? []);
  }

  /** The bound addresses as URLs, in the order of the configuration. */
  get addresses(): string[] {
    return this.#listeners.map(printListener);
  }

  /** The port of the first TLS listener; undefined if none is open. */
  get httpsPort(): number | undefined {
    return this.#listeners.find(({ isSecure }) => isSecure)?.listener.port;
  }

  /** The configuration that is served. */
  get config(): ResolvedConfig {
    return this.#config;
  }

  /**
   * Replaces the configuration: builds the new one whole, opens its new listeners, swaps, closes what is not wanted any
   * more. On any failure nothing changes. Connections, tunnels and exchanges under way live on.
   */
  reload(config: ResolvedConfig): Promise<void> {
    const change = this.#changing.then(() => this.#reload(config));
    this.#changing = change.catch(() => {});
    return change;
  }

  status(): ServerStatus {
    const { generation } = this.#host;
    return {
      pid: process.pid,
      uptimeMs: Math.round(this.#services.clock.now() - this.#startedAtMs),
      generation: generation.number,
      reloads: this.#reloads,
      isDraining: this.#host.isDraining,
      exchanges: [...this.#connections].filter((connection) => connection.isBusy).length,
      tls: this.#acceptor.counts,
      listeners: this.#listeners.map((open) => ({
        address: printListener(open),
        open: open.listener.openCount,
        refused: open.listener.refusedCount,
      })),
      sites: generation.routes.map(({ mount }) => ({ site: mount.site, mount: mount.path })),
    };
  }

  /** What rewriting did at each mount that does: {@link MountFigures}. */
  rewriting(): MountFigures[] {
    const { generation } = this.#host;
    return generation.routes.flatMap((route) => {
      const { rewriting } = generation.detailsOf(route).serving;
      const { site, path } = route.mount;
      return rewriting === undefined ? [] : [{ site, mount: path, ...rewriting.figures() }];
    });
  }

  /** Sets those figures back to nothing. */
  resetRewriting(): void {
    const { generation } = this.#host;
    for (const route of generation.routes) generation.detailsOf(route).serving.rewriting?.reset();
  }

  /** What would happen to a request, without sending one. */
  explain(question: ExplainQuestion): Promise<Explanation> {
    return explainRequest(this.#host.generation, this.#config, question);
  }

  /** Stops accepting, lets exchanges finish for at most `timeoutMs`, then ends what is left. Resolves when all is over. */
  async drain(timeoutMs: number): Promise<void> {
    this.#host.isDraining = true;
    for (const { listener } of this.#allListeners()) listener.close();
    for (const socket of this.#entering) socket.destroy();
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
        this.#services.clock.after(timeoutMs, resolve);
      });
    }
    await this.stop();
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    for (const { listener } of this.#allListeners()) listener.close();
    this.#listeners = [];
    for (const socket of this.#entering) socket.destroy();
    for (const connection of this.#connections) connection.destroy();
    this.#stopWatchingCertificates();
    this.#services.tls?.tickets.close();
    this.#host.generation.retire();
  }

  /** Opens what `config` wants and is not open yet; gives up what was opened if one fails. */
  async openListeners(config: ResolvedConfig): Promise<void> {
    const opened: OpenListener[] = [];
    const wantedListeners: (readonly [OpenListener, ResolvedListener])[] = [];
    try {
      for (const wanted of config.listeners) {
        const key = JSON.stringify(wanted.address);
        let open = this.#listeners.find((listener) => listener.key === key);
        if (open === undefined) {
          open = { key, listener: await this.#open(listenAddress(wanted), config, this.#host), isSecure: false };
          opened.push(open);
          this.#setEntrance(open, wanted, config);
        }
        wantedListeners.push([open, wanted]);
      }
      await this.#openAdmin(config);
    } catch (error) {
      for (const { listener } of opened) listener.close();
      throw error;
    }
    const next = wantedListeners.map(([open]) => open);
    for (const old of this.#listeners) if (!next.includes(old)) old.listener.close();
    this.#listeners = next;
    for (const [open, wanted] of wantedListeners) {
      open.listener.limits = acceptLimits(config);
      this.#setEntrance(open, wanted, config);
    }
  }

  /** How connections begin is no matter of the bound address: it may change while that stays open. */
  #setEntrance(open: OpenListener, { isSecure, proxyTrust }: ResolvedListener, config: ResolvedConfig): void {
    open.isSecure = isSecure;
    open.listener.onSocket = createEntrance({
      proxyTrust: proxyTrust === undefined ? undefined : new CidrList(proxyTrust),
      tls: isSecure ? this.#acceptor : undefined,
      timeoutMs: config.timeouts.headMs,
      deadlines: this.#services.deadlines,
      log: this.#options.log,
      onConnection: (connection, facts, gone) => this.#serve(connection, facts, gone, this.#host),
      entering: this.#entering,
    });
  }

  async #reload(config: ResolvedConfig): Promise<void> {
    const next = await buildGeneration(config, this.#features, this.#services, this.#generationNumber + 1);
    try {
      await this.openListeners(config);
    } catch (error) {
      next.retire();
      throw error;
    }
    this.#generationNumber++;
    this.#reloads++;
    this.#config = config;
    this.#limits = connectionLimits(config);
    this.#acceptor.limits = handshakeLimits(config);
    this.#host.swap(next);
    next.tls?.start();
  }

  async #openAdmin(config: ResolvedConfig): Promise<void> {
    const { socketPath } = config.admin;
    if (this.#adminListener?.key === socketPath) return;
    this.#adminListener?.listener.close();
    this.#adminListener = undefined;
    if (socketPath === undefined) return;
    const host = createAdminHost({
      status: async () => ({ status: 200, body: this.status() }),
      reload: async () =>
        (await this.#options.onReload?.()) ?? { status: 501, body: { error: 'this server cannot reload' } },
      metrics: async () => ({ status: 200, body: await renderMetrics() }),
      rewriting: async () => ({ status: 200, body: this.rewriting() }),
      resetRewriting: async () => {
        const body = this.rewriting();
        this.resetRewriting();
        return { status: 200, body };
      },
      certificate: (action, question) => this.#orderCertificate(action, question),
    });
    const listener = await this.#open({ path: socketPath, mode: 0o600 }, config, host);
    this.#adminListener = { key: socketPath, listener, isSecure: false };
  }

  async #orderCertificate(action: CertificateAction, question: URLSearchParams): Promise<AdminAnswer> {
    const { tls } = this.#host.generation;
    if (tls === undefined) return { status: 404, body: { error: 'this configuration has no site with TLS' } };
    return answerForCertificate(tls, action, question, this.httpsPort ?? 0);
  }

  async #open(address: ListenAddress, config: ResolvedConfig, host: ExchangeHost): Promise<Listener> {
    const { deadlines } = this.#services;
    try {
      if ('path' in address && address.mode !== undefined) prepareSocketFolder(address.path);
      return await Listener.open(address, acceptLimits(config), deadlines, (connection, facts, gone) =>
        this.#serve(connection, facts, gone, host),
      );
    } catch (error) {
      throw new ListenError(describeListenFailure(address, error));
    }
  }

  /** Gives a connection to the engine of its protocol (`facts.protocol`, which ALPN chose). */
  #serve(connection: Connection, facts: ConnectionFacts, gone: () => void, host: ExchangeHost): void {
    const inbound = new ClientConnection(connection, facts, host, this.#limits, (over) => {
      this.#connections.delete(over);
      gone();
      if (this.#connections.size === 0) this.#whenIdle?.();
    });
    this.#connections.add(inbound);
  }

  #allListeners(): OpenListener[] {
    return this.#adminListener === undefined ? this.#listeners : [...this.#listeners, this.#adminListener];
  }
}

function connectionLimits({ limits, timeouts, compat }: ResolvedConfig): ConnectionLimits {
  return {
    ...DEFAULT_CONNECTION_LIMITS,
    headBytes: limits.maxHeadBytes,
    headerCount: limits.maxHeaderCount,
    targetBytes: limits.maxTargetBytes,
    bodyBytes: limits.maxBodyBytes ?? Number.POSITIVE_INFINITY,
    headTimeoutMs: timeouts.headMs,
    bodyTimeoutMs: timeouts.bodyMs,
    writeTimeoutMs: timeouts.responseMs,
    idleTimeoutMs: timeouts.idleMs,
    tunnelIdleTimeoutMs: timeouts.tunnelMs,
    compat,
  };
}

function acceptLimits({ limits }: ResolvedConfig) {
  return { connections: limits.maxConnections, connectionsPerAddress: limits.maxConnectionsPerAddress };
}

function handshakeLimits({ limits, timeouts }: ResolvedConfig): HandshakeLimits {
  return { inFlight: limits.maxHandshakes, timeoutMs: timeouts.headMs };
}

function listenAddress({ address }: ResolvedListener): ListenAddress {
  return 'path' in address ? { path: address.path } : address;
}

function printListener({ listener: { address, port }, isSecure }: OpenListener): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host ?? '127.0.0.1';
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function describeListenFailure(address: ListenAddress, error: unknown): string {
  const where = 'path' in address ? `unix:${address.path}` : `${address.host ?? ''}:${address.port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return `cannot listen on ${where}: another program has this address`;
  if (code === 'EACCES') return `cannot listen on ${where}: not allowed; ports below 1024 need privileges`;
  if (code === 'EADDRNOTAVAIL') return `cannot listen on ${where}: this machine has no such address`;
  return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
}
