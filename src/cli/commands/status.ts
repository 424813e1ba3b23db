// `portico status`: what the running program is doing.
import type { ServerStatus } from '../../server/server.ts';
import { printDuration } from '../../util/duration.ts';
import { askAdmin } from '../admin-client.ts';
import { findAdminSocket, socketFlag } from '../admin-socket.ts';
import { type Command, configFlag, jsonFlag, RunError } from '../command.ts';
import { countOf } from '../words.ts';

/** Shows the state of the running program. */
export const status: Command = {
  name: 'status',
  summary: 'show what the running program is doing',
  operands: [],
  flags: { config: configFlag, socket: socketFlag, json: jsonFlag },
  async run(args, terminal) {
    const socketPath = await findAdminSocket(args, terminal);
    if (socketPath === undefined) return 2;
    const reply = await askAdmin(socketPath, 'GET', '/status');
    if (reply.status !== 200) throw new RunError(`the running program answered ${reply.status}`);
    const isJson = args.flags.has('json');
    const state = reply.body as ServerStatus;
    terminal.print(isJson ? `${JSON.stringify(state, undefined, 2)}\n` : printStatus(state));
    return 0;
  },
};

function printStatus(state: ServerStatus): string {
  const lines = [
    `process ${state.pid}, up ${printDuration(Math.round(state.uptimeMs / 1000) * 1000)}${state.isDraining ? ', draining' : ''}`,
    `configuration ${state.generation}, reloaded ${countOf(state.reloads, 'time')}`,
    `${countOf(state.exchanges, 'exchange')} under way`,
    ...state.listeners.map(
      ({ address, open, refused }) => `${address}: ${countOf(open, 'connection')}, ${refused} refused`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
