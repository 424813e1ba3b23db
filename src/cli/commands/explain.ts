// `portico explain`: what would happen to a request, and the line of configuration behind each part of the answer.
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { builtInFeatures } from '../../features/index.ts';
import { isFieldValue, isToken } from '../../http/token.ts';
import { BuildError, buildGeneration } from '../../server/build.ts';
import { type ExplainQuestion, type Explanation, explainRequest } from '../../server/explain.ts';
import { systemClock } from '../../util/clock.ts';
import { Deadlines } from '../../util/deadlines.ts';
import { RefPool } from '../../util/ref-pool.ts';
import { type Arguments, type Command, configFlag, jsonFlag, UsageError } from '../command.ts';
import { loadForCommand } from '../load-for-command.ts';
import { printExplanation } from '../print-explanation.ts';
import { createProgramLog } from '../program-log.ts';
import type { Terminal } from '../terminal.ts';

/** Explains one request. Needs no running server, and sends nothing. */
export const explain: Command = {
  name: 'explain',
  summary: 'show what would happen to a request, and which lines of the configuration say so',
  operands: ['URL'],
  flags: {
    config: configFlag,
    method: { kind: 'text', short: 'X', value: 'METHOD', help: 'default: GET' },
    header: { kind: 'list', short: 'H', value: "'NAME: VALUE'", help: 'a header of the request; may be repeated' },
    json: jsonFlag,
  },
  notes: "portico explain -H 'Origin: http://www.example.com' http://www.example.com/app/",
  async run(args, terminal) {
    const question = readQuestion(args);
    const loaded = await loadForCommand(args, terminal);
    if (loaded === undefined) return 2;
    const explanation = await explainWith(loaded.config, question, terminal);
    const isJson = args.flags.has('json');
    terminal.print(isJson ? `${JSON.stringify(explanation, undefined, 2)}\n` : printExplanation(explanation, terminal));
    return 0;
  },
};

function readQuestion({ operands, flags }: Arguments): ExplainQuestion {
  const [text = ''] = operands;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const method = flags.text('method') ?? 'GET';
  if (!isToken(method)) throw new UsageError(`${method} is no method`);
  return { url, method, headers: flags.list('header').map(readHeader) };
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const [name, value] = [line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim()];
  if (!isToken(name) || !isFieldValue(value))
    throw new UsageError(`expected a header such as 'Accept: text/html', got '${line}'`);
  return [name, value];
}

/** Builds what a server would run, asks it, and closes it again. */
async function explainWith(
  config: ResolvedConfig,
  question: ExplainQuestion,
  terminal: Terminal,
): Promise<Explanation> {
  const clock = systemClock;
  const log = createProgramLog(() => ({ level: 'error', format: 'text', file: undefined }), terminal, clock);
  const services = { clock, deadlines: new Deadlines(clock), log, shared: new RefPool() };
  try {
    const generation = await buildGeneration(config, builtInFeatures, services, 1);
    try {
      return await explainRequest(generation, config, question);
    } finally {
      generation.retire();
    }
  } catch (error) {
    throw error instanceof BuildError ? new UsageError(error.message) : error;
  }
}
