// The program's own messages on the terminal: one line each, for people or as JSON.

import type { ResolvedLog } from '../config/resolved-config.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Clock } from '../util/clock.ts';
import type { Terminal } from './terminal.ts';

type Level = 'info' | 'warn' | 'error';

const RANKS: Readonly<Record<ResolvedLog['level'], number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** A log that writes to standard error what is at least as important as `level`. */
export function createConsoleLog({ level, format }: ResolvedLog, terminal: Terminal, clock: Clock): FeatureLog {
  const write = (rank: Level, fields: Record<string, unknown>, message: string) => {
    if (RANKS[rank] < RANKS[level]) return;
    const time = new Date(clock.epochMs()).toISOString();
    if (format === 'json') terminal.error(`${JSON.stringify({ time, level: rank, message, ...printable(fields) })}\n`);
    else terminal.error(`${time} ${rank} ${message}${printFields(fields)}\n`);
  };
  return {
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

function printFields(fields: Record<string, unknown>): string {
  return Object.entries(printable(fields))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}

/** JSON shows nothing of an Error. */
function printable(fields: Record<string, unknown>): Record<string, unknown> {
  const pairs = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? (value.stack ?? value.message) : value,
  ]);
  return Object.fromEntries(pairs);
}
