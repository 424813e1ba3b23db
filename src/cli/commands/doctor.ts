// `portico doctor`: visits a mount of a running server, and says what is wrong with its URLs and which setting mends it.
import { findConfigFile } from '../../config/load.ts';
import type { ResolvedConfig, ResolvedMount } from '../../config/resolved-config.ts';
import type { ExaminedMount } from '../../doctor/check-answers.ts';
import { examine } from '../../doctor/examine.ts';
import { spellingsOf } from '../../doctor/mount-place.ts';
import { printReport } from '../../doctor/print-report.ts';
import { plainPath } from '../../exchange/public-path.ts';
import { explainRequest } from '../../server/explain.ts';
import { systemClock } from '../../util/clock.ts';
import { parseDuration } from '../../util/duration.ts';
import { parseUrl } from '../../util/parse-url.ts';
import { buildOnce } from '../build-once.ts';
import { type Arguments, type Command, configFlag, jsonFlag, UsageError } from '../command.ts';
import { loadForCommand, reportDiagnostics } from '../load-for-command.ts';
import type { Terminal } from '../terminal.ts';

const DEFAULTS = { requests: 200, depth: 3, pages: 10, time: '60s' } as const;
/** How long one answer may take. */
const ANSWER_MS = 15_000;
const BODY_BYTES_LIMIT = 8 * 1024 * 1024;

/** Examines a mount from outside. Ends with 1 where something was found, with 2 where there was nothing to examine. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'visit a mount of a running server, and say what is wrong with its URLs and what mends it',
  operands: ['URL'],
  flags: {
    config: configFlag,
    mount: { kind: 'text', short: 'm', value: 'PATH', help: 'the path of the mount, without a configuration' },
    backend: { kind: 'list', short: 'b', value: 'URL', help: 'another name of the backend, which must not be seen' },
    connect: {
      kind: 'text',
      value: 'HOST:PORT',
      help: 'where the host of the URL is, if its name does not lead there',
    },
    requests: { kind: 'text', value: 'N', help: `requests at most; default: ${DEFAULTS.requests}` },
    depth: { kind: 'text', value: 'N', help: `clicks from the first page; default: ${DEFAULTS.depth}` },
    pages: { kind: 'text', value: 'N', help: `pages in the browser; default: ${DEFAULTS.pages}` },
    time: { kind: 'text', value: 'TIME', help: `for the crawl, and again for the browser; default: ${DEFAULTS.time}` },
    browser: { kind: 'text', value: 'FILE', help: 'the executable of a Chromium; default: the one that is installed' },
    'no-browser': { kind: 'switch', help: 'plain HTTP only' },
    insecure: { kind: 'switch', short: 'k', help: 'take any certificate' },
    json: jsonFlag,
  },
  notes: [
    'The mount and the addresses of its backend come from the configuration, or from --mount and --backend. The browser',
    'needs Chromium and the package playwright-core. Ends with 0 where nothing was found, with 1 where something was, with',
    '2 where the mount could not be made out.',
    '',
    'portico doctor https://www.example.com/app/',
    'portico doctor --mount /app/ --backend http://10.0.0.5:3000 https://www.example.com/app/',
  ].join('\n'),
  async run(args, terminal) {
    const { flags, operands } = args;
    const url = readUrl(operands[0] ?? '');
    const mount = await findMount(url, args, terminal);
    if (mount === undefined) return 2;
    const connectTo = readConnect(flags.text('connect'));
    const acceptsAnyCertificate = flags.has('insecure');
    const bounds = {
      requests: readCount(args, 'requests'),
      depth: readCount(args, 'depth'),
      pages: readCount(args, 'pages'),
      timeMs: readTime(flags.text('time') ?? DEFAULTS.time),
    };
    const { host } = new URL(url);
    const hostRules = connectTo === undefined ? [] : [`MAP ${host} ${connectTo.host}:${connectTo.port}`];
    const report = await examine({
      url,
      mount,
      bounds,
      client: { connectTo, acceptsAnyCertificate, timeoutMs: ANSWER_MS, maxBodyBytes: BODY_BYTES_LIMIT },
      browser: flags.has('no-browser')
        ? undefined
        : { executable: flags.text('browser'), hostRules, acceptsAnyCertificate },
      clock: systemClock,
    });
    terminal.print(flags.has('json') ? `${JSON.stringify(report, undefined, 2)}\n` : printReport(report));
    return report.findings.length === 0 ? 0 : 1;
  },
};

/** From --mount and --backend alone, or from the configuration and --backend. Undefined: said already why not. */
async function findMount(url: string, args: Arguments, terminal: Terminal): Promise<ExaminedMount | undefined> {
  const { flags } = args;
  const more = flags.list('backend').map(readOrigin);
  const { origin } = new URL(url);
  const path = flags.text('mount');
  if (path !== undefined)
    return { base: origin + readPath(path, url), backends: more.flatMap(spellingsOf), known: more };
  const file = findConfigFile({ file: flags.text('config'), cwd: terminal.cwd });
  if (typeof file !== 'string' && more.length > 0)
    throw new UsageError('--mount is missing: which path is the backend at?');
  const loaded = await loadForCommand(args, terminal);
  if (loaded === undefined) return undefined;
  const found = await findConfigured(url, loaded.config, args, terminal);
  if (found === undefined) return undefined;
  const { mount, neighbours } = found;
  const known = knownOrigins(mount).flatMap(spellingsOf);
  const backends = [...new Set([...known, ...more.flatMap(spellingsOf)])];
  return { base: origin + plainPath(mount.path), backends, known, neighbours };
}

interface ConfiguredMount {
  readonly mount: ResolvedMount;
  readonly neighbours: readonly string[];
}

async function findConfigured(
  url: string,
  config: ResolvedConfig,
  { flags }: Arguments,
  terminal: Terminal,
): Promise<ConfiguredMount | undefined> {
  const question = { url, method: 'GET', headers: [] };
  const built = await buildOnce(config, terminal, (generation) => explainRequest(generation, config, question));
  if ('diagnostic' in built) {
    reportDiagnostics([built.diagnostic], flags.has('json'), terminal);
    return undefined;
  }
  const { site, mount: found, summary } = built.result;
  const mounts = config.sites.find(({ key }) => key === site?.key)?.mounts ?? [];
  const mount = mounts.find(({ path }) => path === found?.path);
  if (mount === undefined) throw new UsageError(`the configuration has no mount for ${url}: ${summary}`);
  return { mount, neighbours: mounts.filter((other) => other !== mount).map(({ path }) => path) };
}

/** The origins that the configuration names: the endpoints, and `rewrite.also`. */
function knownOrigins({ serve, features }: ResolvedMount): string[] {
  // Only `proxy` has endpoints, and its schema says what its options are.
  const { to = [] } = serve.name === 'proxy' ? (serve.options as { readonly to?: readonly string[] }) : {};
  const rewrite = features.find(({ name }) => name === 'rewrite')?.options;
  const { also = [] } = typeof rewrite === 'object' ? (rewrite as { readonly also?: readonly string[] }) : {};
  const urls = [...to, ...also].map((text) => text.replace(/^h2c:/, 'http:'));
  return urls.filter((text) => /^https?:/.test(text)).map((text) => new URL(text).origin);
}

function readUrl(text: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const parsed = parseHttpUrl(url);
  if (parsed === undefined) throw new UsageError(`${text} is no http URL`);
  return parsed.href.replace(/#.*$/, '');
}

function readOrigin(text: string): string {
  const parsed = parseHttpUrl(text);
  if (parsed === undefined) throw new UsageError(`--backend is a URL such as http://127.0.0.1:3000, not ${text}`);
  return parsed.origin;
}

function parseHttpUrl(text: string): URL | undefined {
  const parsed = parseUrl(text);
  return parsed !== undefined && /^https?:$/.test(parsed.protocol) ? parsed : undefined;
}

function readPath(text: string, url: string): string {
  const path = text.endsWith('/') ? text : `${text}/`;
  if (!path.startsWith('/')) throw new UsageError(`--mount is a path, write /${path}`);
  const { pathname } = new URL(url);
  if (!`${pathname}/`.startsWith(path)) throw new UsageError(`${url} is not below --mount ${path}`);
  return path;
}

function readConnect(text: string | undefined): { host: string; port: number } | undefined {
  if (text === undefined) return undefined;
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) throw new UsageError(`--connect is HOST:PORT, not ${text}`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function readCount({ flags }: Arguments, name: 'requests' | 'depth' | 'pages'): number {
  const text = flags.text(name) ?? String(DEFAULTS[name]);
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--${name} is a number, not ${text}`);
  return Number(text);
}

function readTime(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new UsageError(`--time is a duration such as 30s, not ${text}`);
  }
}
