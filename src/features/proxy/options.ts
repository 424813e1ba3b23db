// Options of the proxy: where a mount's requests go, and how.
import { z } from 'zod';
import { countOption, durationOption, pathOption } from '../../exchange/option-types.ts';
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

/** What only means something for https. */
const TLS_KEYS = ['serverName', 'ca', 'clientCertificate', 'pins'] as const;

/** The base64 of 32 bytes. */
const PIN = /^[A-Za-z0-9+/]{43}=$/;

const options = z.strictObject({
  to: z
    .union([endpointUrl.transform((url) => [url]), z.array(endpointUrl).min(1)])
    .refine(haveOneBase, 'the addresses of a list must have the same path: a mount has one backend base')
    .describe(
      'Backend address, or a list of them that share the requests: http://HOST:PORT/BASE/, https://HOST, h2c://HOST:PORT (HTTP/2 without TLS), unix:/PATH. The path is the backend base; to keep the public path, write it here too.',
    ),
  upgrade: z
    .array(z.string().toLowerCase())
    .default(['websocket'])
    .refine(
      (protocols) => !protocols.includes('h2c'),
      'h2c cannot be tunnelled: it would carry requests past the routing',
    )
    .describe('Protocols that a client may switch to through this mount. h2c never is one.'),
  protocol: z
    .enum(['auto', 'h1', 'h2'])
    .default('auto')
    .describe(
      'What endpoints are spoken to in: auto lets an https endpoint choose HTTP/2 or HTTP/1.1 in the handshake (ALPN) and speaks HTTP/1.1 to the others; h1 and h2 insist on one. An h2c:// address is always HTTP/2.',
    ),
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
  ca: pathOption()
    .optional()
    .describe(
      'Authorities in PEM to trust for https endpoints, instead of the public ones. May be the certificate itself.',
    ),
  clientCertificate: z
    .strictObject({
      cert: pathOption().describe('The certificate in PEM, with its chain behind it.'),
      key: pathOption().optional().describe('Its private key in PEM. Default: the file of the certificate has it too.'),
    })
    .optional()
    .describe('What to show https endpoints that ask for a client certificate.'),
  pins: z
    .array(z.string().regex(PIN, 'expected the base64 of a SHA-256, 44 characters'))
    .min(1)
    .optional()
    .describe(
      'SHA-256 of the public key (SubjectPublicKeyInfo) that an https endpoint must have, in base64; several, of which one must fit, to change keys.',
    ),
  proxyProtocol: z
    .enum(['v1', 'v2'])
    .optional()
    .describe(
      'The version of the PROXY protocol in which endpoints are told the address of the client. Such connections carry one request each.',
    ),
});

/** The long form of `proxy:`. */
export const proxyOptions = options
  .refine(({ verify, pins }) => verify || pins === undefined, {
    message: '"pins" has no effect with verify: false',
    path: ['pins'],
  })
  .refine(({ protocol, to }) => protocol !== 'h1' || !to.some((url) => /^h2c:/i.test(url)), {
    message: 'an h2c:// address is HTTP/2: write http:// for HTTP/1.1',
    path: ['protocol'],
  })
  .check(({ value, issues }) => {
    if (value.to.some((url) => /^https:/i.test(url))) return;
    for (const key of TLS_KEYS) {
      if (value[key] === undefined) continue;
      const message = `"${key}" has no effect without an https address`;
      issues.push({ code: 'custom', message, input: value[key], path: [key] });
    }
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
