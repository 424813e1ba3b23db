// The schema of `acme`: where certificates that are fetched by themselves come from, and how names are proven.
import { z } from 'zod';
import { durationOption, pathOption, secretOption } from '../exchange/option-types.ts';
import { parseUrl } from '../util/parse-url.ts';

/** Directories by the names that documents may use for them. */
export const KNOWN_DIRECTORIES = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
  buypass: 'https://api.buypass.com/acme/directory',
} as const;

const names = Object.keys(KNOWN_DIRECTORIES);

/** RFC 8555 §6.1: https only. */
const directory = z
  .string({ error: 'expected the URL of a directory, or one of its names' })
  .refine(
    (text) => names.includes(text) || parseUrl(text)?.protocol === 'https:',
    `expected a URL that begins with https://, or one of ${names.join(', ')}`,
  );

const authority = z
  .strictObject({
    directory: directory.describe(
      'The URL of its ACME directory, or a name: `letsencrypt`, `letsencrypt-staging` (certificates that nobody trusts, with generous limits: for trying out), `zerossl`, `google`, `buypass`.',
    ),
    ca: pathOption()
      .optional()
      .describe(
        'For a private CA: its root in PEM, which its own https is verified with. Turns `preflight` off for it.',
      ),
    eab: z
      .strictObject({
        kid: z.string().min(1).describe('The identifier that the CA gave you.'),
        secret: secretOption()
          .refine((text) => /^[A-Za-z0-9_-]{16,}$/.test(text), 'expected a key in base64url')
          .describe('The HMAC key that it gave you, in base64url.'),
      })
      .optional()
      .describe('External account binding, for CAs that ask who their customer is (zerossl, google).'),
    profile: z
      .string()
      .min(1)
      .optional()
      .describe('The kind of certificate, where the CA offers several, such as `shortlived`.'),
  })
  .describe('One CA.');

const entry = z.union([directory, authority]);

const challenge = z.enum(['http-01', 'tls-alpn-01', 'dns-01']);

const dns = z
  .strictObject({
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe(
        'The program, in the PATH or with a path that starts from this document, and its arguments. `present` or `cleanup`, the name of the TXT record and its value are appended. It ends with status 0 once the record is written, or deleted.',
      ),
    timeout: durationOption().prefault('2m').describe('How long one run may take.'),
    wait: durationOption()
      .prefault('0s')
      .describe('Between its end and the check by the CA: until all name servers of the zone have the record.'),
  })
  .describe('How dns-01 challenges are answered: the only ones by which a CA gives certificates for wildcards.');

/** `acme` at the top of a document. */
export const acmeSchema = z
  .strictObject({
    email: z
      .string()
      .regex(/^[^\s@]+@[^\s@]+$/, 'expected a mail address')
      .optional()
      .describe('Where the CA may write to. Default: it is told no address.'),
    directory: z
      .union([entry, z.array(entry).min(1)])
      .prefault('letsencrypt')
      .describe(
        'The CA: a name, the URL of a directory, or a map; or a list of them, asked in order until one gives a certificate.',
      ),
    challenges: z
      .array(challenge)
      .min(1)
      .optional()
      .describe(
        'How names may be proven, best first. Default: `http-01` and `tls-alpn-01` where a listener of that kind is open, and `dns-01` with `dns`.',
      ),
    dns: dns.optional(),
    ask: z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'expected a URL')
      .optional()
      .describe(
        'Allows issuance on demand, for sites named `*` and for wildcards without `dns`: at the first handshake for a name this URL is asked with `?domain=NAME`; a 2xx says yes. Without it anybody could spend the limits of your CA.',
      ),
    key: z
      .enum(['ecdsa', 'rsa'])
      .prefault('ecdsa')
      .describe('The kind of key of certificates: `ecdsa` (P-256), or `rsa` (2048 bits) for clients of before 2012.'),
    preflight: z
      .boolean()
      .prefault(true)
      .describe(
        'Whether to look before a public CA is asked: does the name resolve, and if it leads to this machine, do we answer on port 80, or 443 for tls-alpn-01?',
      ),
  })
  .describe(
    'Certificates that are fetched by themselves, for sites with `tls: auto`. Using it means that you agree to the terms of the CA. Names below localhost and test get theirs from a CA of this machine: see `portico trust`.',
  );

/** `acme`, checked. */
export type Acme = z.output<typeof acmeSchema>;
