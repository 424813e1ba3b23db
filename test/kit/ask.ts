// Asks a server one question over a fresh connection, target and header lines exactly as written; the answer as plain data.
import type { ConnectionOptions } from 'node:tls';
import { askOnce } from './raw-client.ts';

/** One answer, as far as tests of addresses look at it. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; several lines joined by a newline. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Head lines and body together, for "nowhere in the answer". */
  readonly text: string;
}

/** What to ask besides the target. */
export interface Question {
  readonly version?: string;
  /** Header lines without line ends. Default: a Host of `127.0.0.1`. */
  readonly lines?: readonly string[];
  /** The loopback address to come from. */
  readonly from?: string;
  readonly waitLimitMs?: number;
  /** Over TLS, with these options; the certificate is not verified unless they say so. */
  readonly tls?: ConnectionOptions;
}

/** Sends one GET to a port or a unix socket; rejects when what comes back is no whole, strict answer in time. */
export async function ask(to: number | string, target: string, question: Question = {}): Promise<Answer> {
  const { version = 'HTTP/1.1', lines = ['Host: 127.0.0.1'], from, waitLimitMs, tls } = question;
  const hasConnection = lines.some((line) => /^connection:/i.test(line));
  const head = [`GET ${target} ${version}`, ...lines, ...(hasConnection ? [] : ['Connection: close']), '', ''];
  const response = await askOnce(
    {
      ...(typeof to === 'number' ? { port: to } : { path: to }),
      ...(from === undefined ? {} : { localAddress: from }),
      ...(waitLimitMs === undefined ? {} : { waitLimitMs }),
      ...(tls === undefined ? {} : { tls }),
    },
    head.join('\r\n'),
  );
  const headers: Record<string, string> = {};
  const headLines: string[] = [];
  for (const [name, value] of response.headers.lines) {
    const lowerName = name.toLowerCase();
    headers[lowerName] = headers[lowerName] === undefined ? value : `${headers[lowerName]}\n${value}`;
    headLines.push(`${name}: ${value}`);
  }
  const body = response.body.toString('latin1');
  return { status: response.status, headers, body, text: [...headLines, '', body].join('\n') };
}
