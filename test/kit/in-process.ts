// A server in the process of the test, with a clock of the test's and its log as data.

import { FeatureTable } from '../../src/config/feature-table.ts';
import { loadValue } from '../../src/config/load.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { type Server, type ServerOptions, startServer } from '../../src/server/server.ts';
import { atEnd, type Owner } from './at-end.ts';
import { Waiting } from './waiting.ts';

const features = new FeatureTable(builtInFeatures);

/** A line that the server logged. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** A server that is stopped when the test is over. */
export interface InProcess {
  readonly server: Server;
  readonly lines: readonly LogLine[];
  /** The port of the listener with this index. */
  port(index?: number): number;
  reload(document: object): Promise<void>;
  /** Waits until `isThere` holds, which is looked at whenever something is logged. */
  until(what: string, isThere: () => boolean, limitMs?: number): Promise<void>;
}

/** Starts a server for a document. Rejects with what `startServer` rejects with, or with the diagnostics. */
export async function startInProcess(
  owner: Owner,
  document: object,
  options: Omit<ServerOptions, 'log'> = {},
): Promise<InProcess> {
  const lines: LogLine[] = [];
  const waiting = new Waiting(() => lines.map((line) => JSON.stringify(line)).join('\n'));
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ ...fields, level, message });
    waiting.changed();
  };
  const log = { info: write('info'), warn: write('warn'), error: write('error') };
  const server = await startServer(resolve(document), builtInFeatures, { log, ...options });
  atEnd(owner, () => server.stop());
  return {
    server,
    lines,
    port: (index = 0) => Number(new URL(server.addresses[index] ?? '').port),
    reload: (next) => server.reload(resolve(next)),
    until: (what, isThere, limitMs) => waiting.until(what, isThere, limitMs),
  };
}

function resolve(document: object) {
  const resolution = loadValue(document, { cwd: '/', features, environment: {} });
  if (!resolution.isValid) throw new Error(resolution.diagnostics.map(({ message }) => message).join('\n'));
  return resolution.config;
}
