// `portico run`: serves a configuration in the foreground.
import { loadConfig } from '../../config/load.ts';
import { type Command, configFlag } from '../command.ts';
import { compatFlag, featureTable, foreignOptions, loadForCommand } from '../load-for-command.ts';
import { runServer } from '../running-server.ts';

/** Runs the server of a configuration until a signal ends it. */
export const run: Command = {
  name: 'run',
  summary: 'serve a configuration in the foreground',
  operands: [],
  flags: { config: configFlag, compat: compatFlag },
  notes:
    'The configuration may also be one of lighttpd, Apache httpd or nginx; see portico import.\nSignals: HUP loads the configuration again (a broken one changes nothing), TERM finishes what is running and ends,\nINT (Ctrl-C) ends now.',
  async run(args, terminal) {
    const loaded = await loadForCommand(args, terminal);
    if (loaded === undefined) return 2;
    const { cwd, environment } = terminal;
    const { config } = loaded;
    const { file } = config;
    const foreign = foreignOptions(args.flags, terminal);
    // It stays for as long as the server, so it must not hold the first configuration and its long form.
    const load = () => loadConfig({ file, cwd, features: featureTable, environment, foreign });
    return runServer(config, { terminal, load });
  },
};
