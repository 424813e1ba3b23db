// `portico reload`: tells the running program to load its configuration again.
import type { Diagnostic } from '../../config/diagnostics.ts';
import { askAdmin } from '../admin-client.ts';
import { findAdminSocket, socketFlag } from '../admin-socket.ts';
import { type Command, configFlag, jsonFlag, RunError } from '../command.ts';
import { reportDiagnostics } from '../load-for-command.ts';

/** Reloads, and waits for what came of it. A broken configuration changes nothing. */
export const reload: Command = {
  name: 'reload',
  summary: 'make the running program load its configuration again',
  operands: [],
  flags: { config: configFlag, socket: socketFlag, json: jsonFlag },
  notes: 'A broken configuration changes nothing; its mistakes are printed, and the exit status is 2.',
  async run(args, terminal) {
    const socketPath = await findAdminSocket(args, terminal);
    if (socketPath === undefined) return 2;
    const { status, body } = await askAdmin(socketPath, 'POST', '/reload');
    const isJson = args.flags.has('json');
    if (isJson) terminal.print(`${JSON.stringify(body, undefined, 2)}\n`);
    if (status === 200) {
      if (!isJson) terminal.print('reloaded\n');
      return 0;
    }
    const { diagnostics, error } = body as { diagnostics?: readonly Diagnostic[]; error?: string };
    if (diagnostics === undefined) throw new RunError(error ?? `the running program answered ${status}`);
    if (!isJson) reportDiagnostics(diagnostics, false, terminal);
    return 2;
  },
};
