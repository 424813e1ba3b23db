// The schema of a document: settings of the whole program here, the parts of a mount from the list of features handed in.
import { z } from 'zod';
import { countOption, durationOption, pathOption, sizeOption } from '../exchange/option-types.ts';
import { acmeSchema } from './acme-schema.ts';
import { rootTlsSchema } from './tls-schema.ts';

const LIST_OR_ONE = 'an address such as ":8080" or a list of them';

/** `limits:` at the top of a document. */
export const limitsSchema = z
  .strictObject({
    head: sizeOption()
      .prefault('32KiB')
      .describe('The largest head of a request or response, start line included. Larger requests get 431.'),
    headers: countOption(1).prefault(200).describe('The most header lines in one head. More in a request get 431.'),
    target: sizeOption()
      .prefault('16KiB')
      .describe('The longest request target. Longer ones get 414. RFC 9112 §3 asks for 8000 bytes at least.'),
    body: z
      .union([z.literal('none'), sizeOption()])
      .prefault('none')
      .describe('The largest request body, or `none`: bodies are passed on, not held. Larger ones get 413.'),
    connections: countOption(1).prefault(10_000).describe('The most client connections open at the same time.'),
    handshakes: countOption(1)
      .prefault(1000)
      .describe('The most TLS handshakes under way at the same time. Further connections are closed.'),
    connectionsPerAddress: countOption(1)
      .prefault(1000)
      .describe('The same from one client address. Raise it if all clients come through one proxy.'),
  })
  .describe('Bounds on what a client may send or hold.');

/** `timeouts:` at the top of a document. */
export const timeoutsSchema = z
  .strictObject({
    head: durationOption().prefault('10s').describe('For a whole request head, from its first byte. Then 408.'),
    body: durationOption()
      .prefault('30s')
      .describe('Without a byte of a request body from the client. Slow uploads are fine while they move.'),
    response: durationOption().prefault('30s').describe('Without the client taking a byte of its response.'),
    idle: durationOption().prefault('75s').describe('For a client connection between two requests.'),
    connect: durationOption()
      .prefault('5s')
      .describe('For a connection to a backend, name resolution and handshake included. Then 504.'),
    upstreamHead: durationOption()
      .prefault('60s')
      .describe('From the end of the request to the head of the answer of the backend. Then 504.'),
    upstreamBody: durationOption()
      .prefault('60s')
      .describe('Without a byte of an answer from the backend, or of a request taken by it.'),
    upstreamIdle: durationOption()
      .prefault('4s')
      .describe('For a connection to a backend between two requests. Below the 5s after which Node.js backends close.'),
    tunnel: durationOption().prefault('1h').describe('Without a byte either way in a WebSocket or another tunnel.'),
    drain: durationOption()
      .prefault('30s')
      .describe('For running exchanges when the program is told to stop or a reload leaves them behind.'),
  })
  .describe('How long things may take. What makes progress is not cut off.');

const logSchema = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .prefault('info')
      .describe('The least important messages that are written.'),
    format: z.enum(['text', 'json']).prefault('text').describe('`text` for people, `json` for programs.'),
    file: pathOption().optional().describe('Where to; standard error if left out.'),
  })
  .describe('The messages of the program itself.');

const adminSchema = z
  .union([z.literal(false), pathOption(), z.strictObject({ socket: pathOption() })])
  .describe(
    'The unix socket that `portico reload` and `portico status` talk to, readable by its owner only; false for none.',
  );

const networks = z.union([z.string(), z.array(z.string())], {
  error: 'expected a network such as 10.0.0.0/8 or a list of them',
});

const listener = z.strictObject({
  address: z.string().describe('As in the short form.'),
  tls: z
    .boolean()
    .optional()
    .describe(
      'Whether connections begin with a TLS handshake. Default: on port 443, or where the address says https://.',
    ),
  proxyProtocol: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether every connection begins with a header of the PROXY protocol, version 1 or 2, that names the client. Connections from elsewhere than `trust` are closed.',
    ),
  trust: networks
    .optional()
    .describe('Who may send PROXY protocol headers, written as `trust` at the top, which is the default.'),
});

const listenEntry = z.union([z.string(), listener]);

/** Everything at the top of a document but `sites` and `defaults`, which go through their own expansion. */
export const settingsSchema = z.strictObject({
  $schema: z.string().optional().describe('The address of the JSON Schema, for editors. Ignored.'),
  listen: z
    .union([listenEntry, z.array(listenEntry).min(1)], { error: `expected ${LIST_OR_ONE}` })
    .optional()
    .describe(
      'Where to accept connections: "127.0.0.1:8080", ":80" (every address), "[::]:443", "unix:/run/portico.sock"; one or a list. Port 443 speaks TLS and others do not, unless "https://" or "http://" stands before the address. Default: ":80" and ":443" if a site has TLS, else ":8080".',
    ),
  trust: networks
    .optional()
    .describe(
      'Proxies in front of this one: networks, addresses, or `loopback`, `private`, `link-local`. Only what they send in Forwarded and X-Forwarded-* is believed. Default: none.',
    ),
  compat: z
    .enum(['lighttpd', 'apache'], { error: 'expected "lighttpd" or "apache"' })
    .optional()
    .describe(
      'Reads request paths and forwards headers about the client as that server does, for backends that count on it: escaped and doubled slashes, dot segments and bad escapes are decoded, merged and resolved; what clients say in X-Forwarded-For, Forwarded and the like goes on to backends. Less strict than the default; `portico import --compat` writes it.',
    ),
  log: logSchema.prefault({}),
  admin: adminSchema.optional(),
  storage: pathOption()
    .optional()
    .describe('The folder for what must outlast the program. Default: the state folder of the user who runs it.'),
  tls: rootTlsSchema.optional(),
  acme: acmeSchema.optional(),
  limits: limitsSchema.prefault({}),
  timeouts: timeoutsSchema.prefault({}),
});

/** The settings of a document once parsed. */
export type Settings = z.output<typeof settingsSchema>;

/** The keys at the top of a document. */
export const ROOT_KEYS: readonly string[] = [...Object.keys(settingsSchema.shape), 'sites', 'defaults'];
