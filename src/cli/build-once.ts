// Builds what a server would run, without running it: for commands that only want to know.
import { ChallengeBoard } from '../acme/challenges.ts';
import type { Diagnostic } from '../config/diagnostics.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { builtInFeatures } from '../features/index.ts';
import { BuildError, buildGeneration, type Services } from '../server/build.ts';
import type { Generation } from '../server/generation.ts';
import { SessionTickets } from '../tls/session-tickets.ts';
import { systemClock } from '../util/clock.ts';
import { Deadlines } from '../util/deadlines.ts';
import { RefPool } from '../util/ref-pool.ts';
import { createProgramLog } from './program-log.ts';
import type { Terminal } from './terminal.ts';

/**
 * Builds a generation, hands it to `use`, and closes it again. Answers a diagnostic where a feature cannot be made:
 * what a document says may be right, and the folder it names still be missing.
 */
export async function buildOnce<Result>(
  config: ResolvedConfig,
  terminal: Terminal,
  use: (generation: Generation, services: Services) => Result | Promise<Result>,
): Promise<{ readonly result: Result } | { readonly diagnostic: Diagnostic }> {
  const log = createProgramLog(() => ({ level: 'error', format: 'text', file: undefined }), terminal, systemClock);
  const tickets = new SessionTickets(systemClock);
  const services: Services = {
    clock: systemClock,
    deadlines: new Deadlines(systemClock),
    log,
    shared: new RefPool(),
    tls: { tickets, sources: [], board: new ChallengeBoard(systemClock, tickets) },
    findHttpsPort: () => undefined,
  };
  let generation: Generation;
  try {
    generation = await buildGeneration(config, builtInFeatures, services, 1);
  } catch (error) {
    tickets.close();
    if (error instanceof BuildError) return { diagnostic: toDiagnostic(error) };
    throw error;
  }
  try {
    return { result: await use(generation, services) };
  } finally {
    generation.retire();
    tickets.close();
  }
}

/** A failed build as a diagnostic at the mount or site that it failed for. */
export function toDiagnostic({ source, path, reason }: BuildError): Diagnostic {
  const { file, line = 0, column = 0 } = source ?? {};
  return { file, line, column, length: 0, path, message: reason, suggestion: undefined, excerpt: '' };
}
