// The program's own messages: one line each, for people or as JSON, on standard error or in a file.
import { appendFileSync } from 'node:fs';
import type { ResolvedLog } from '../config/resolved-config.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Clock } from '../util/clock.ts';
import type { Terminal } from './terminal.ts';

type Level = 'info' | 'warn' | 'error';

const RANKS: Readonly<Record<ResolvedLog['level'], number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/**
 * A log that writes what is at least as important as the level. `settings` is asked for every message, so that a reload
 * takes effect. A file is opened for each message: they are few, and so it may be moved away at any time. What cannot be
 * written to it goes to standard error.
 */
export function createProgramLog(settings: () => ResolvedLog, terminal: Terminal, clock: Clock): FeatureLog {
  const write = (rank: Level, fields: Record<string, unknown>, message: string) => {
    const { level, format, file } = settings();
    if (RANKS[rank] < RANKS[level]) return;
    const time = new Date(clock.epochMs()).toISOString();
    const line =
      format === 'json'
        ? JSON.stringify({ time, level: rank, message, ...printable(fields) })
        : `${time} ${rank} ${message}${printFields(fields)}`;
    writeLine(`${line}\n`, file, terminal);
  };
  return {
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

function writeLine(line: string, file: string | undefined, terminal: Terminal): void {
  if (file === undefined) {
    terminal.error(line);
    return;
  }
  try {
    appendFileSync(file, line, { mode: 0o640 });
  } catch (error) {
    terminal.error(`${line}(not in ${file}: ${error instanceof Error ? error.message : String(error)})\n`);
  }
}

function printFields(fields: Record<string, unknown>): string {
  return Object.entries(printable(fields))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${printValue(value)}`)
    .join('');
}

/** Quoted where it could be taken for two fields or two lines. */
function printValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** JSON shows nothing of an Error. */
function printable(fields: Record<string, unknown>): Record<string, unknown> {
  const pairs = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? (value.stack ?? value.message) : value,
  ]);
  return Object.fromEntries(pairs);
}
