// The schemas of `tls` and `https`: certificates, presets and client certificates of a site, and its way from http to https.
import { z } from 'zod';
import { durationOption, pathOption } from '../exchange/option-types.ts';

const pair = z
  .strictObject({
    cert: pathOption().describe('The certificate in PEM, with the chain that leads to its authority behind it.'),
    key: pathOption().optional().describe('Its private key in PEM. Default: the file of the certificate has it too.'),
  })
  .describe('A certificate and its key.');

const clients = z
  .strictObject({
    ca: pathOption().describe('The authorities, in PEM, one of which must have signed a client certificate.'),
    mode: z
      .enum(['require', 'request'])
      .prefault('require')
      .describe(
        '`require`: who shows none gets 403, over http as well. `request`: only those that are shown are checked.',
      ),
  })
  .describe(
    'Client certificates. Backends learn a valid one from the headers Client-Cert and Client-Cert-Chain (RFC 9440).',
  );

const preset = z
  .enum(['modern', 'compatible', 'strict'])
  .describe(
    '`modern`: TLS 1.2 and 1.3, forward secrecy, authenticated encryption. `strict`: TLS 1.3 only. `compatible`: `modern` and the weaker suites of TLS 1.2 for clients of before 2015. Default: `modern`.',
  );

/** What `tls` holds as a map, at the top of a document and in a site. */
const tlsMap = z
  .strictObject({
    cert: pair.shape.cert.optional(),
    key: pair.shape.key,
    certificates: z
      .array(pair)
      .min(1)
      .optional()
      .describe('Several, instead of `cert`: for different names, or of different kinds of key for the same.'),
    auto: z
      .boolean()
      .optional()
      .describe(
        'Instead of `cert`: certificates are fetched from a CA by ACME and renewed; see `acme` at the top. `tls: auto` in short.',
      ),
    preset: preset.optional(),
    clients: z
      .union([z.literal(false), clients])
      .optional()
      .describe('Client certificates to ask for; false for none.'),
  })
  .refine(({ cert, key }) => key === undefined || cert !== undefined, {
    message: '"key" has no effect without "cert"',
    path: ['key'],
  })
  .refine(({ cert, certificates }) => cert === undefined || certificates === undefined, {
    message: 'expected "cert" or "certificates", not both',
    path: ['certificates'],
  })
  .refine(({ cert, certificates, auto }) => auto !== true || (cert === undefined && certificates === undefined), {
    message: 'expected "auto" or certificates of your own, not both',
    path: ['auto'],
  });

/** `tls` at the top of a document: what sites without a word of their own on it get. */
export const rootTlsSchema = z
  .union([z.literal('auto'), tlsMap])
  .describe(
    'TLS of all sites that do not say otherwise in their own `tls`: a map, or `auto` for certificates that are fetched by themselves. Certificates named here are also shown to clients that ask for an unknown name.',
  );

/** `tls` of a site. */
export const siteTlsSchema = z
  .union([z.literal(false), z.literal('auto'), z.array(pair).min(1), tlsMap])
  .describe(
    'TLS of the site: `{ cert, key }`, a list of such pairs, or a map with `preset` and `clients` too; false for none. What is left out comes from `tls` at the top. `auto`: its certificates are fetched and renewed by themselves.',
  );

/** RFC 6797 §11.2 gives examples up to a year; preload lists ask for one at least. */
const HSTS_AGE = '365d';

const hsts = z.strictObject({
  maxAge: durationOption().prefault(HSTS_AGE).describe('How long browsers shall refuse http for these names.'),
  subdomains: z.boolean().prefault(false).describe('Whether for all names below them too.'),
  preload: z.boolean().prefault(false).describe('Whether browsers may ship the names in their preload list.'),
});

const httpsMap = z.strictObject({
  redirect: z.boolean().prefault(true).describe('Whether requests over http are redirected (308) to https.'),
  hsts: z
    .union([z.boolean(), hsts])
    .prefault(false)
    .describe(
      'Strict-Transport-Security (RFC 6797): false, true for a year, or a map. Hard to take back: start short.',
    ),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe(
      'The public https port to redirect to. Default: 443, or the port of the TLS listener if there is no 443.',
    ),
});

/** `https` of a site. */
export const siteHttpsSchema = z
  .union([z.enum(['optional', 'redirect', 'strict']), httpsMap])
  .describe(
    'The way from http to https: `redirect` (308; the default of a site with TLS), `optional` (both are served), `strict` (redirect, and browsers are told to keep to https for a year), or a map. Looks at what the client speaks, so it works behind a trusted proxy too.',
  );

/** The keys of a site besides paths, features and `defaults`. */
export const SITE_SCHEMAS = { tls: siteTlsSchema, https: siteHttpsSchema } as const;

/** `tls` of a site, checked. */
export type SiteTls = z.output<typeof siteTlsSchema>;
/** `tls` at the top, checked. */
export type RootTls = z.output<typeof rootTlsSchema>;
/** The long form of both, checked. */
export type TlsMap = z.output<typeof tlsMap>;
/** `https` of a site, checked. */
export type SiteHttps = z.output<typeof siteHttpsSchema>;
