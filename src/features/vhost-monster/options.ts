// Options of `vhost`: in which form a backend is told its public address, and which address that is.
import { z } from 'zod';
import { isVhostMount, type VhostForm, type VhostFormOptions, vhostForm } from '../../vhost-path/dialects.ts';
import { parsePublicAuthority } from '../../vhost-path/public-address.ts';

const authority = z.string({ error: 'expected a host, or host:port' }).transform((text, context) => {
  const parsed = parsePublicAuthority(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'expected a host, or host:port, such as www.example.com:8443' });
  return z.NEVER;
});

/** The long form of `vhost:`. */
export const vhostOptions = z
  .strictObject({
    dialect: z
      .enum(['nevow', 'zope'], { error: 'expected "nevow" or "zope"' })
      .describe(
        'How the backend reads its public address from the path. nevow: /vhost/SCHEME/HOST[:PORT]/PATH, for Nevow, twisted.web and portico/backend; the path is the public one. zope: /VirtualHostBase/SCHEME/HOST:PORT/BASE/VirtualHostRoot/_vh_PREFIX/PATH, which also carries the path of the mount.',
      ),
    mount: z
      .string({ error: 'expected a path of one segment such as /vhost' })
      .refine(isVhostMount, 'expected a slash and one segment of letters, digits and -._~, such as /vhost')
      .optional()
      .describe('nevow only: where the backend expects the form. Default /vhost.'),
    authority: authority.optional().describe('The public host, or host:port, instead of the one the client asked for.'),
    scheme: z
      .enum(['http', 'https'], { error: 'expected "http" or "https"' })
      .optional()
      .describe('The public scheme, instead of the one the client used.'),
    ipv6: z
      .boolean({ error: 'expected true or false' })
      .default(false)
      .describe(
        'nevow only: also write IPv6 addresses, which portico/backend reads. Nevow and twisted.web fail at them, so that by default such requests are refused with 421.',
      ),
    clients: z
      .enum(['refuse', 'pass'], { error: 'expected "refuse" or "pass"' })
      .default('refuse')
      .describe(
        'What becomes of clients that send such a path themselves. refuse: 403 in every spelling, on all sites. pass: it goes on, and the backend believes it: whoever can send a request can then forge links, redirects and cookies.',
      ),
  })
  .superRefine((options, context) => {
    if (options.dialect !== 'zope' || options.mount === undefined || options.mount === '/VirtualHostBase') return;
    context.addIssue({
      code: 'custom',
      path: ['mount'],
      message: 'the zope dialect always starts with /VirtualHostBase',
    });
  });

/** Options of `vhost`, after defaults. */
export type VhostOptions = z.output<typeof vhostOptions>;

/** The form that a mount with these options writes. */
export function writtenForm(options: VhostOptions): VhostForm {
  return vhostForm(formOptions(options));
}

/** The form that clients must not send, for the refusal before routing; undefined where the options let it pass. */
export function refusedForm(options: VhostOptions): VhostForm | undefined {
  return options.clients === 'refuse' ? writtenForm(options) : undefined;
}

function formOptions(options: {
  readonly dialect: VhostForm['dialect'];
  readonly mount?: string | undefined;
  readonly ipv6: boolean;
}): VhostFormOptions {
  return { dialect: options.dialect, mount: options.mount, compat: !options.ipv6 };
}
