// A server in the foreground: starts it, says where it listens, obeys signals until it has ended.
import type { Diagnostic } from '../config/diagnostics.ts';
import type { Resolution } from '../config/resolve.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { builtInFeatures } from '../features/index.ts';
import type { AdminAnswer } from '../server/admin/api.ts';
import { BuildError } from '../server/build.ts';
import { ListenError, type Server, startServer } from '../server/server.ts';
import { systemClock } from '../util/clock.ts';
import { toDiagnostic } from './build-once.ts';
import { explainFault, RunError, UsageError } from './command.ts';
import { reportDiagnostics } from './load-for-command.ts';
import { createProgramLog } from './program-log.ts';
import type { ExitStatus, Terminal } from './terminal.ts';
import { countOf } from './words.ts';

/** How to run a server. */
export interface RunOptions {
  readonly terminal: Terminal;
  /** Loads the configuration again, for SIGHUP and `portico reload`; undefined where there is nothing to load. */
  readonly load?: () => Promise<Resolution>;
  /** Called once everything listens, before the lines that say so. */
  readonly onStarted?: (server: Server) => void;
}

/** Runs a server until a signal ends it: TERM drains (a second one stops), INT stops (a second one at once), HUP reloads. */
export async function runServer(config: ResolvedConfig, options: RunOptions): Promise<ExitStatus> {
  return new Runner(options).run(config);
}

class Runner {
  readonly #options: RunOptions;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #server: Server | undefined = undefined;
  #isEnding = false;
  #isStopping = false;
  #reloadsBegun = 0;
  #newestLoaded = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Obeys signals from the first moment on: whoever reads that it listens may send one at once. */
  async run(config: ResolvedConfig): Promise<ExitStatus> {
    const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
      ['SIGTERM', () => this.#drain()],
      ['SIGINT', () => this.#stop()],
      ['SIGHUP', () => void this.#reloadOnSignal()],
    ];
    for (const [signal, handler] of handlers) process.on(signal, handler);
    try {
      await this.#start(config);
      await this.#ended;
    } finally {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    }
    return 0;
  }

  async #start(config: ResolvedConfig): Promise<void> {
    const { terminal, load, onStarted } = this.#options;
    const log = createProgramLog(() => (this.#server?.config ?? config).log, terminal, systemClock);
    const reload = load === undefined ? {} : { onReload: () => this.#reload(load) };
    try {
      this.#server = await startServer(config, builtInFeatures, { log, ...reload });
    } catch (error) {
      throw explainStart(error);
    }
    onStarted?.(this.#server);
    this.#printAddresses();
    if (this.#isEnding) this.#server.stop().then(this.#end, this.#end);
  }

  #printAddresses(): void {
    const server = this.#server;
    if (server === undefined) return;
    const sites = countOf(server.config.sites.length, 'site');
    for (const address of server.addresses) this.#options.terminal.print(`listening on ${address} (${sites})\n`);
  }

  #drain(): void {
    if (this.#isEnding) {
      this.#stop();
      return;
    }
    this.#isEnding = true;
    const server = this.#server;
    if (server === undefined) return;
    const { drainMs } = server.config.timeouts;
    // Said once it is so: nothing is accepted any more.
    server.drain(drainMs).then(this.#end, this.#end);
    this.#options.terminal.error(`draining for at most ${drainMs / 1000}s\n`);
  }

  #stop(): void {
    if (this.#isStopping) process.exit(1);
    this.#isStopping = true;
    this.#isEnding = true;
    this.#server?.stop().then(this.#end, this.#end);
  }

  async #reloadOnSignal(): Promise<void> {
    const { load, terminal } = this.#options;
    if (load === undefined) terminal.error('nothing to reload: this configuration comes from the command line\n');
    else await this.#reload(load);
  }

  /**
   * Reloads, and says on the terminal and in the answer what came of it. A broken document changes nothing; neither does one
   * that was read before another that is in use by now.
   */
  async #reload(load: () => Promise<Resolution>): Promise<AdminAnswer> {
    const { terminal } = this.#options;
    const number = ++this.#reloadsBegun;
    try {
      const resolution = await load();
      if (!resolution.isValid) return this.#refuse(resolution.diagnostics);
      if (number > this.#newestLoaded) {
        this.#newestLoaded = number;
        await this.#server?.reload(resolution.config);
      }
    } catch (error) {
      if (error instanceof BuildError) return this.#refuse([toDiagnostic(error)]);
      const isKnown = error instanceof ListenError;
      const message = isKnown ? error.message : explainFault(error);
      terminal.error(`${message}\nnot reloaded: what was running goes on\n`);
      return { status: isKnown ? 409 : 500, body: { error: message } };
    }
    terminal.print('configuration reloaded\n');
    this.#printAddresses();
    return { status: 200, body: { addresses: this.#server?.addresses ?? [] } };
  }

  #refuse(diagnostics: readonly Diagnostic[]): AdminAnswer {
    const { terminal } = this.#options;
    reportDiagnostics(diagnostics, false, terminal);
    terminal.error('not reloaded: what was running goes on\n');
    return { status: 422, body: { diagnostics } };
  }
}

/** What keeps a server from starting: an address that is taken fails the run, a feature that cannot be made the configuration. */
function explainStart(error: unknown): unknown {
  if (error instanceof ListenError) return new RunError(error.message);
  return error instanceof BuildError ? new UsageError(error.message) : error;
}
