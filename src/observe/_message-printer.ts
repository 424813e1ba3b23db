// A message of the log as one line for people: time, level, sentence, fields; with colours on a terminal.

/** Prints a message that pino made, as JSON, for a terminal or for a file that people read. */
export type MessagePrinter = (json: string) => string;

const COLOURS: Readonly<Record<string, string>> = { debug: '\x1b[2m', warn: '\x1b[33m', error: '\x1b[31m' };
const DIM = '\x1b[2m';
const RESET = '\x1b[0m';
/**
 * What must not reach a terminal out of a text that a client may have chosen: C0 and C1 controls, line separators,
 * marks that reverse the direction of writing (they make a line look like another), and halves of characters.
 */
const UNSAFE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const BARE = /^[!#-<>-[\]-~]+$/;

/** Makes a printer. */
export function createMessagePrinter(hasColours: boolean): MessagePrinter {
  const paint = (text: string, colour: string | undefined) =>
    hasColours && colour !== undefined ? `${colour}${text}${RESET}` : text;

  return function printMessage(json) {
    const { time, level, pid: _pid, message, ...fields } = JSON.parse(json) as Record<string, unknown>;
    const rank = String(level);
    const shown = Object.entries(fields).map(([name, value]) => ` ${printText(name)}=${printValue(value)}`);
    const sentence = paint(`${rank.toUpperCase().padEnd(5)} ${printText(String(message))}`, COLOURS[rank]);
    return `${paint(String(time), DIM)} ${sentence}${paint(shown.join(''), DIM)}\n`;
  };
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return BARE.test(value) ? value : printText(JSON.stringify(value));
  return printText(JSON.stringify(value));
}

function printText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100
      ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
