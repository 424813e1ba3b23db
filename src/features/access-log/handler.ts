// The access log: observers that hand one line per exchange to a log file.
import { isatty } from 'node:tty';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance } from '../../exchange/feature.ts';
import type { Observer } from '../../exchange/observer.ts';
import type { LineWriter } from '../../observe/line-writer.ts';
import { type LogFile, type LogFiles, logFiles } from '../../observe/log-files.ts';
import type { Clock } from '../../util/clock.ts';
import { createCombinedPrinter, createCommonPrinter } from './common-line.ts';
import { createJsonPrinter } from './json-line.ts';
import type { LinePrinter } from './line-printer.ts';
import type { AccessLogOptions, LogFormat } from './options.ts';
import { createTextPrinter } from './text-line.ts';

/** Makes the access log of one mount. Rejects if its file cannot be opened. */
export async function createAccessLog(
  options: AccessLogOptions,
  context: FeatureContext,
  files: LogFiles = logFiles,
): Promise<FeatureInstance> {
  if (options.isOff) return { observe: new MountLog(undefined, undefined), explain: () => ['writes no access log'] };
  const file = await files.open(targetOf(options));
  const format = options.format ?? defaultFormat(options);
  return {
    // What a printer remembers would cost much if each of ten thousand mounts had its own.
    observe: new MountLog(
      context.share(`printer of the access log as ${format}`, () => createPrinter(format, context.clock)),
      file.writer,
    ),
    explain: () => [`logs to ${options.path ?? 'standard output'} as ${format}`],
    close: () => file.close(),
  };
}

/**
 * The access log of all exchanges whose mount has none of its own: an observer of the whole server. Exchanges that no
 * mount served, because no site or path matched, are here too. Rejects if the file cannot be opened.
 */
export async function openDefaultAccessLog(
  options: AccessLogOptions,
  clock: Clock,
  files: LogFiles = logFiles,
): Promise<DefaultAccessLog> {
  const file = options.isOff ? undefined : await files.open(targetOf(options));
  return new DefaultAccessLog(createPrinter(options.format ?? defaultFormat(options), clock), file);
}

/** See {@link openDefaultAccessLog}. */
export class DefaultAccessLog implements Observer {
  readonly #print: LinePrinter;
  readonly #file: LogFile | undefined;

  constructor(print: LinePrinter, file: LogFile | undefined) {
    this.#print = print;
    this.#file = file;
  }

  onEnd(exchange: Exchange, status: number): void {
    const file = this.#file;
    if (file === undefined) return;
    for (const observer of exchange.route.observers) if (observer instanceof MountLog) return;
    file.writer.writeAscii(this.#print(exchange, status));
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** The log of one mount; with nothing to print or write, the sign that the mount wants no line. */
class MountLog implements Observer {
  readonly #print: LinePrinter | undefined;
  readonly #writer: LineWriter | undefined;

  constructor(print: LinePrinter | undefined, writer: LineWriter | undefined) {
    this.#print = print;
    this.#writer = writer;
  }

  onEnd(exchange: Exchange, status: number): void {
    if (this.#print !== undefined) this.#writer?.writeAscii(this.#print(exchange, status));
  }
}

/** The printer of a format. */
export function createPrinter(format: LogFormat, clock: Clock): LinePrinter {
  switch (format) {
    case 'json':
      return createJsonPrinter(clock);
    case 'text':
      return createTextPrinter(clock);
    case 'common':
      return createCommonPrinter(clock);
    case 'combined':
      return createCombinedPrinter(clock);
  }
}

function targetOf({ path }: AccessLogOptions) {
  return path === undefined ? { fd: 1 } : { path };
}

function defaultFormat({ path }: AccessLogOptions): LogFormat {
  return path === undefined && isatty(1) ? 'text' : 'json';
}
