// The program's own log: pino behind the face that features see, as JSON for programs or as lines for people.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Clock } from '../util/clock.ts';
import { plainFields } from './_log-fields.ts';
import { createMessagePrinter } from './_message-printer.ts';

/** How important a message must be to be written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * The log of the program. Fields are printed as they are, except that values of Authorization, Proxy-Authorization,
 * Cookie and Set-Cookie are hidden wherever a field, a header list or a pair is called so. Nothing else is guessed to be
 * secret: do not log it. Never throws.
 */
export interface Logger extends FeatureLog {
  debug(fields: Record<string, unknown>, message: string): void;
  /** Whether messages of this level are written: ask before collecting what is costly to collect. */
  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean;
  /** The same log with `fields` in front of those of each message. */
  child(fields: Record<string, unknown>): Logger;
}

/** How to make a {@link Logger}. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Whether `text` may have colours: see {@link mayHaveColours}. */
  readonly hasColours?: boolean;
  /** Takes whole lines, such as a LineWriter. */
  readonly output: { write(line: string): void };
  readonly clock: Clock;
}

/** Makes a logger. */
export function createLogger({ level, format, hasColours = false, output, clock }: LoggerOptions): Logger {
  const printMessage = format === 'text' ? createMessagePrinter(hasColours) : escapeControls;
  const destination: DestinationStream = { write: (json) => output.write(printMessage(json)) };
  const options = {
    level,
    base: { pid: process.pid },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date(clock.epochMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoBackedLogger(pino(options, destination));
}

/**
 * Whether what is written to `stream` may have colours: it is a terminal, and NO_COLOR is unset or empty
 * (https://no-color.org).
 */
export function mayHaveColours(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '';
}

class PinoBackedLogger implements Logger {
  readonly #pino: PinoLogger;

  constructor(backing: PinoLogger) {
    this.#pino = backing;
  }

  debug(fields: Record<string, unknown>, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: Record<string, unknown>, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: Record<string, unknown>, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: Record<string, unknown>, message: string): void {
    this.#write('error', fields, message);
  }

  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean {
    return this.#pino.isLevelEnabled(level);
  }

  child(fields: Record<string, unknown>): Logger {
    return new PinoBackedLogger(this.#pino.child(plainFields(fields)));
  }

  /** A getter or a proxy among the fields may throw: then the message goes out without them. */
  #write(level: Exclude<LogLevel, 'silent'>, fields: Record<string, unknown>, message: string): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    try {
      this.#pino[level](plainFields(fields), message);
    } catch (error) {
      this.#pino[level]({ unprintable: String(error) }, message);
    }
  }
}

/** JSON lets DEL, C1 controls and line separators pass, which terminals and line-wise readers act upon. */
function escapeControls(json: string): string {
  return json.replace(/[\x7f-\x9f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
