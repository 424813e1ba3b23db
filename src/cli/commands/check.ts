// `portico check`: says whether a configuration is valid, and with --print what it means in full.
import { printLongForm } from '../../config/long-form.ts';
import { redact } from '../../config/redact.ts';
import { buildOnce } from '../build-once.ts';
import { type Command, configFlag, jsonFlag } from '../command.ts';

import { compatFlag, loadForCommand, reportDiagnostics } from '../load-for-command.ts';

import { countOf } from '../words.ts';

/** Checks a configuration without running it: builds all that a server would, folders and pages looked up, and lets it go. */
export const check: Command = {
  name: 'check',
  summary: 'check a configuration, and print its long form',
  operands: [],
  flags: {
    config: configFlag,
    compat: compatFlag,
    print: { kind: 'switch', short: 'p', help: 'print the long form: every default written out, secrets hidden' },
    json: jsonFlag,
  },
  notes: 'All mistakes are reported at once. What --print shows is itself a configuration, and means the same.',
  async run(args, terminal) {
    const loaded = await loadForCommand(args, terminal);
    if (loaded === undefined) return 2;
    const { config } = loaded;
    const built = await buildOnce(config, terminal, () => true);
    if ('diagnostic' in built) {
      reportDiagnostics([built.diagnostic], args.flags.has('json'), terminal);
      return 2;
    }
    const isPrinted = args.flags.has('print');
    if (args.flags.has('json')) {
      const output = isPrinted ? { diagnostics: [], config: redact(config) } : { diagnostics: [] };
      terminal.print(`${JSON.stringify(output, undefined, 2)}\n`);
    } else if (isPrinted) terminal.print(printLongForm(loaded.longForm()));
    else {
      const mountCount = config.sites.reduce((count, site) => count + site.mounts.length, 0);
      terminal.print(
        `${config.file}: fine, ${countOf(config.sites.length, 'site')}, ${countOf(mountCount, 'mount')}\n`,
      );
    }
    return 0;
  },
};
