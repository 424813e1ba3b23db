// `portico proxy`: a proxy to one backend without a configuration file.
import { type Arguments, type Command, type Flag, UsageError } from '../command.ts';
import { loadGenerated } from '../load-for-command.ts';
import { runServer } from '../running-server.ts';

/** `--from`, shared with `portico serve`. */
export const fromFlag: Flag = {
  kind: 'text',
  short: 'f',
  value: 'ADDRESS',
  help: 'where to listen: ":80", "127.0.0.1:8080", "unix:/run/x.sock"; default: 127.0.0.1:8080',
};

/** Where commands without a configuration listen: not for the whole network unless asked. */
export const DEFAULT_FROM = '127.0.0.1:8080';

/** Runs a proxy for every name to one backend. */
export const proxy: Command = {
  name: 'proxy',
  summary: 'serve one backend, without a configuration file',
  operands: [],
  flags: {
    from: fromFlag,
    to: { kind: 'list', short: 't', value: 'URL', help: 'the backend; several share the requests' },
    mount: {
      kind: 'text',
      short: 'm',
      value: 'PATH',
      help: 'the public path that the backend appears under; default: /',
    },
  },
  notes: [
    'portico proxy --to http://localhost:3000                  the backend as http://127.0.0.1:8080/',
    'portico proxy --from :80 --to http://localhost:3000 --mount /app/',
  ].join('\n'),
  async run(args, terminal) {
    const { config } = loadGenerated(proxyDocument(args), { listen: '--from', sites: '--to' }, terminal);
    return runServer(config, { terminal });
  },
};

/** The configuration behind a command line. */
export function proxyDocument({ flags }: Arguments): Record<string, unknown> {
  const to = flags.list('to');
  if (to.length === 0) throw new UsageError('--to is missing: portico proxy --to http://localhost:3000');
  const mount = flags.text('mount') ?? '/';
  if (!mount.startsWith('/')) throw new UsageError(`--mount is a path, write /${mount.replace(/\/?$/, '/')}`);
  return {
    listen: flags.text('from') ?? DEFAULT_FROM,
    admin: false,
    sites: { '*': { [mount.replace(/\/?$/, '/')]: { proxy: to.length === 1 ? to[0] : to } } },
  };
}
