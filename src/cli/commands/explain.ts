// `portico explain`: what would happen to a request, and the line of configuration behind each part of the answer.
import { isFieldValue, isToken } from '../../http/token.ts';
import { type ExplainQuestion, explainRequest } from '../../server/explain.ts';
import { explainAnswer } from '../../server/explain-answer.ts';
import { buildOnce } from '../build-once.ts';
import { type Arguments, type Command, configFlag, jsonFlag, UsageError } from '../command.ts';

import { compatFlag, loadForCommand, reportDiagnostics } from '../load-for-command.ts';

import { printAnswer } from '../print-answer.ts';
import { printExplanation } from '../print-explanation.ts';

/** Explains one request. Needs no running server, and sends nothing unless the answer is to be explained too. */
export const explain: Command = {
  name: 'explain',
  summary: 'show what would happen to a request, and which lines of the configuration say so',
  operands: ['URL'],
  flags: {
    config: configFlag,
    compat: compatFlag,
    method: { kind: 'text', short: 'X', value: 'METHOD', help: 'default: GET' },
    header: { kind: 'list', short: 'H', value: "'NAME: VALUE'", help: 'a header of the request; may be repeated' },
    diff: {
      kind: 'switch',
      help: 'send the request, and show what rewriting changes in its answer, and by which rule',
    },
    json: jsonFlag,
  },
  notes:
    "portico explain -H 'Origin: http://www.example.com' http://www.example.com/app/\nportico explain --diff http://www.example.com/app/page",
  async run(args, terminal) {
    const question = readQuestion(args);
    const loaded = await loadForCommand(args, terminal);
    if (loaded === undefined) return 2;
    const isJson = args.flags.has('json');
    const built = await buildOnce(loaded.config, terminal, async (generation, services) => ({
      explanation: await explainRequest(generation, loaded.config, question),
      answer: args.flags.has('diff') ? await explainAnswer(generation, question, services) : undefined,
    }));
    if ('diagnostic' in built) {
      reportDiagnostics([built.diagnostic], isJson, terminal);
      return 2;
    }
    const { explanation, answer } = built.result;
    // What is no question has been said to be none.
    const answered = typeof answer === 'string' ? undefined : answer;
    if (isJson) {
      const shown = answered === undefined ? explanation : { ...explanation, answer: answered };
      terminal.print(`${JSON.stringify(shown, undefined, 2)}\n`);
    } else {
      terminal.print(printExplanation(explanation, terminal));
      if (answered !== undefined) terminal.print(`\n${printAnswer(answered)}`);
    }
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
