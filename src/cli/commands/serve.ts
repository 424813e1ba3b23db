// `portico serve`: a folder of files without a configuration file.
import type { Arguments, Command } from '../command.ts';
import { loadGenerated } from '../load-for-command.ts';
import { runServer } from '../running-server.ts';
import { DEFAULT_FROM, fromFlag } from './proxy.ts';

/** Serves a folder for every name. */
export const serve: Command = {
  name: 'serve',
  summary: 'serve a folder of files, without a configuration file',
  operands: ['FOLDER'],
  flags: { from: fromFlag },
  async run(args, terminal) {
    const { config } = loadGenerated(serveDocument(args), { listen: '--from', sites: 'FOLDER' }, terminal);
    return runServer(config, { terminal });
  },
};

/** The configuration behind a command line. */
export function serveDocument({ flags, operands }: Arguments): Record<string, unknown> {
  const [folder = '.'] = operands;
  return { listen: flags.text('from') ?? DEFAULT_FROM, admin: false, sites: { '*': { '/': { files: folder } } } };
}
