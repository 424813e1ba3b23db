// Options of the proxy: where a mount's requests go, and how.
import { z } from 'zod';
import { countOption, durationOption } from '../../exchange/option-types.ts';
import { parseEndpointUrl } from '../../upstream/endpoint.ts';

const endpointUrl = z.string({ error: 'expected a backend address such as http://127.0.0.1:8081' }).check((context) => {
  const parsed = parseEndpointUrl(context.value);
  if (typeof parsed === 'string') context.issues.push({ code: 'custom', message: parsed, input: context.value });
});

/** Requests are mapped before an endpoint is picked, and so are the URLs of the answers back. */
function haveOneBase(urls: readonly string[]): boolean {
  const paths = urls.map((url) => {
    const parsed = parseEndpointUrl(url);
    return typeof parsed === 'string' ? '' : parsed.path;
  });
  return new Set(paths).size <= 1;
}

/** The long form of `proxy:`. */
export const proxyOptions = z.strictObject({
  to: z
    .union([endpointUrl.transform((url) => [url]), z.array(endpointUrl).min(1)])
    .refine(haveOneBase, 'the addresses of a list must have the same path: a mount has one backend base')
    .describe(
      'Backend address, or a list of them that share the requests: http://HOST:PORT/BASE/, https://HOST, unix:/PATH. The path is the backend base; to keep the public path, write it here too.',
    ),
  upgrade: z
    .array(z.string().toLowerCase())
    .default(['websocket'])
    .refine(
      (protocols) => !protocols.includes('h2c'),
      'h2c cannot be tunnelled: it would carry requests past the routing',
    )
    .describe('Protocols that a client may switch to through this mount. h2c never is one.'),
  connections: countOption(1).default(1024).describe('Connections to each endpoint at one time.'),
  verify: z
    .boolean()
    .default(true)
    .describe(
      'Whether the certificate of an https endpoint is checked. Turning it off lets anybody on the way read and change everything.',
    ),
  serverName: z
    .string()
    .optional()
    .describe(
      'The name to ask an https endpoint for and to check its certificate against, instead of the host of its address.',
    ),
});

/** Options of the proxy, after defaults. */
export type ProxyOptions = z.output<typeof proxyOptions>;

/** `timeouts:` beside `proxy`: overrides of the root's for one mount. */
export const proxyTimeouts = z.strictObject({
  connect: durationOption()
    .optional()
    .describe('To open a connection to an endpoint, name resolution and handshake included.'),
  upstreamHead: durationOption().optional().describe('From the last byte of the request to the head of the answer.'),
  upstreamBody: durationOption()
    .optional()
    .describe('Longest pause of an answer (event streams included), and of a request body on its way up.'),
  tunnel: durationOption().optional().describe('Longest silence of a WebSocket or another tunnel, both ways together.'),
});

/** Overrides of time limits, in milliseconds. */
export type ProxyTimeouts = z.output<typeof proxyTimeouts>;

/** `host:` beside `proxy`. */
export const hostPolicy = z
  .enum(['public', 'upstream'])
  .default('public')
  .describe('What Host the backend sees: the public one the client asked for, or the name of the endpoint.');

export type HostPolicy = z.output<typeof hostPolicy>;
