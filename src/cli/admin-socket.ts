// Finds the admin socket of the program that runs a configuration.
import { findConfigFile, loadConfig } from '../config/load.ts';
import { defaultSocketPath } from '../config/resolve-settings.ts';
import { type Arguments, type Flag, RunError } from './command.ts';
import { featureTable, reportDiagnostics } from './load-for-command.ts';
import type { Terminal } from './terminal.ts';

/** `--socket`. */
export const socketFlag: Flag = {
  kind: 'text',
  short: 's',
  value: 'PATH',
  help: 'the admin socket, where the configuration does not say it (any more)',
};

/**
 * The socket of `--socket`, or the one that the configuration names. A configuration that is broken by now still leads
 * to the default socket, which depends on its file alone. Answers undefined, with diagnostics printed, if there is none.
 */
export async function findAdminSocket({ flags }: Arguments, terminal: Terminal): Promise<string | undefined> {
  const given = flags.text('socket');
  if (given !== undefined) return given;
  const { cwd, environment } = terminal;
  const options = { file: flags.text('config'), cwd, features: featureTable, environment };
  const resolution = await loadConfig(options);
  if (resolution.isValid) {
    const { socketPath } = resolution.config.admin;
    if (socketPath === undefined) throw new RunError('this configuration has no admin socket (admin: false)');
    return socketPath;
  }
  const file = findConfigFile(options);
  if (typeof file === 'string') return defaultSocketPath(file, environment);
  reportDiagnostics(resolution.diagnostics, flags.has('json'), terminal);
  return undefined;
}
