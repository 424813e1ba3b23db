// `portico schema`: prints the JSON Schema of configurations, for editors.
import { printJsonSchema } from '../../config/json-schema.ts';
import type { Command } from '../command.ts';
import { featureTable } from '../load-for-command.ts';

/** Prints the JSON Schema. */
export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of configurations, for editors',
  operands: [],
  flags: {},
  notes: [
    'Save it and name it in the configuration:',
    '',
    '  portico schema > portico.schema.json',
    '  # yaml-language-server: $schema=./portico.schema.json   (first line of portico.yaml)',
    '  "$schema": "./portico.schema.json"                      (in portico.json)',
  ].join('\n'),
  async run(_args, terminal) {
    terminal.print(printJsonSchema(featureTable));
    return 0;
  },
};
