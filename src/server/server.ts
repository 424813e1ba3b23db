// The running server: listeners, connections and the current generation; start, reload, drain, stop.
import type { ResolvedConfig, ResolvedListener } from '../config/resolved-config.ts';
import type { Feature, FeatureLog } from '../exchange/feature.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import type { Observer } from '../exchange/observer.ts';
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from '../h1/limits.ts';
import { type ListenAddress, Listener } from '../net/listener.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { Deadlines } from '../util/deadlines.ts';
import { RefPool } from '../util/ref-pool.ts';
import { type AdminAnswer, createAdminHost } from './admin/api.ts';
import { prepareSocketFolder } from './admin/socket-folder.ts';
import { buildGeneration, type Services } from './build.ts';
import { ClientConnection } from './client-connection.ts';
import { type ExplainQuestion, type Explanation, explainRequest } from './explain.ts';
import { ExchangeServer } from './serve.ts';

/** What a server needs besides its configuration. */
export interface ServerOptions {
  readonly log: FeatureLog;
  readonly clock?: Clock;
  /** Observers of every exchange. */
  readonly observers?: readonly Observer[];
  /** Carries out `reload` of the admin socket: loads the document again and calls `server.reload`. */
  readonly onReload?: () => Promise<AdminAnswer>;
}

/** What `portico status` shows. */
export interface ServerStatus {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly generation: number;
  readonly reloads: number;
  readonly isDraining: boolean;
  readonly exchanges: number;
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
}

/** Starts a server. Rejects with BuildError or {@link ListenError}; then nothing stays open. */
export async function startServer(
  config: ResolvedConfig,
  features: readonly Feature[],
  options: ServerOptions,
): Promise<Server> {
  const clock = options.clock ?? systemClock;
  const services: Services = { clock, deadlines: new Deadlines(clock), log: options.log, shared: new RefPool() };
  const generation = await buildGeneration(config, features, services, 1);
  const host = new ExchangeServer(generation, options.log, options.observers ?? []);
  const server = new Server(config, features, options, services, host);
  try {
    await server.openListeners(config);
  } catch (error) {
    await server.stop();
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
  readonly #startedAtMs: number;
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
    this.#startedAtMs = services.clock.now();
  }

  /** The bound addresses as URLs, in the order of the configuration. */
  get addresses(): string[] {
    return this.#listeners.map(({ listener }) => printListener(listener));
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
      listeners: this.#listeners.map(({ listener }) => ({
        address: printListener(listener),
        open: listener.openCount,
        refused: listener.refusedCount,
      })),
      sites: generation.routes.map(({ mount }) => ({ site: mount.site, mount: mount.path })),
    };
  }

  /** What would happen to a request, without sending one. */
  explain(question: ExplainQuestion): Promise<Explanation> {
    return explainRequest(this.#host.generation, this.#config, question);
  }

  /** Stops accepting, lets exchanges finish for at most `timeoutMs`, then ends what is left. Resolves when all is over. */
  async drain(timeoutMs: number): Promise<void> {
    this.#host.isDraining = true;
    for (const { listener } of this.#allListeners()) listener.close();
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
    for (const connection of this.#connections) connection.destroy();
    this.#host.generation.retire();
  }

  /** Opens what `config` wants and is not open yet; gives up what was opened if one fails. */
  async openListeners(config: ResolvedConfig): Promise<void> {
    const opened: OpenListener[] = [];
    const kept: OpenListener[] = [];
    try {
      for (const wanted of config.listeners) {
        const key = JSON.stringify(wanted.address);
        const existing = this.#listeners.find((listener) => listener.key === key);
        if (existing !== undefined) kept.push(existing);
        else opened.push({ key, listener: await this.#open(listenAddress(wanted), config, this.#host) });
      }
      await this.#openAdmin(config);
    } catch (error) {
      for (const { listener } of opened) listener.close();
      throw error;
    }
    for (const old of this.#listeners) if (!kept.includes(old)) old.listener.close();
    this.#listeners = [...kept, ...opened];
    for (const { listener } of this.#listeners) listener.limits = acceptLimits(config);
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
    this.#host.swap(next);
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
    });
    const listener = await this.#open({ path: socketPath, mode: 0o600 }, config, host);
    this.#adminListener = { key: socketPath, listener };
  }

  async #open(address: ListenAddress, config: ResolvedConfig, host: ExchangeHost): Promise<Listener> {
    const { deadlines } = this.#services;
    try {
      if ('path' in address && address.mode !== undefined) prepareSocketFolder(address.path);
      return await Listener.open(address, acceptLimits(config), deadlines, (connection, facts, gone) => {
        const inbound = new ClientConnection(connection, facts, host, this.#limits, (over) => {
          this.#connections.delete(over);
          gone();
          if (this.#connections.size === 0) this.#whenIdle?.();
        });
        this.#connections.add(inbound);
      });
    } catch (error) {
      throw new ListenError(describeListenFailure(address, error));
    }
  }

  #allListeners(): OpenListener[] {
    return this.#adminListener === undefined ? this.#listeners : [...this.#listeners, this.#adminListener];
  }
}

function connectionLimits({ limits, timeouts }: ResolvedConfig): ConnectionLimits {
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
  };
}

function acceptLimits({ limits }: ResolvedConfig) {
  return { connections: limits.maxConnections, connectionsPerAddress: limits.maxConnectionsPerAddress };
}

function listenAddress({ address }: ResolvedListener): ListenAddress {
  return 'path' in address ? { path: address.path } : address;
}

function printListener({ address, port }: Listener): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host ?? '127.0.0.1';
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function describeListenFailure(address: ListenAddress, error: unknown): string {
  const where = 'path' in address ? `unix:${address.path}` : `${address.host ?? ''}:${address.port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return `cannot listen on ${where}: another program has this address`;
  if (code === 'EACCES') return `cannot listen on ${where}: not allowed; ports below 1024 need privileges`;
  if (code === 'EADDRNOTAVAIL') return `cannot listen on ${where}: this machine has no such address`;
  return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
}
