// Who may ask: Require and its sections, the older Order, Allow and Deny, and passwords.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { ImportReport } from '../../report.ts';
import type { AddressRule, Traits } from '../../traits.ts';
import type { Directive } from '../parser.ts';
import { findInSections, type Section } from '../sections.ts';

/** The directives of this file. */
export const ACCESS_ROWS: readonly DirectiveRow[] = [
  ...translated(
    'Require <RequireAll> <RequireAny> <RequireNone>',
    'auth, respond: 403',
    'rules on addresses are reported',
  ),
  ...translated('Order Allow Deny', 'respond: 403', 'rules on addresses are reported'),
  ...translated(
    'AuthType AuthName AuthUserFile AuthBasicProvider',
    'auth',
    'type Basic with an htpasswd file, where there is that feature; closed otherwise',
  ),
  ...unneeded(
    'AuthBasicAuthoritative AuthMerging AuthzSendForbiddenOnFailure AuthBasicUseDigestAlgorithm AuthBasicFake AuthnCacheEnable AuthnCacheProvideFor AuthnCacheTimeout',
    'there is one way of checking passwords',
  ),
  ...missing(
    'AuthGroupFile AuthDigestProvider AuthDigestDomain AuthDigestAlgorithm AuthDigestNcCheck AuthDigestNonceFormat AuthDigestNonceLifetime AuthDigestQop AuthDigestShmemSize AuthLDAPURL AuthLDAPBindDN AuthLDAPBindPassword AuthDBDUserPWQuery AuthFormProvider Anonymous Anonymous_MustGiveEmail Anonymous_NoUserId Anonymous_VerifyEmail Anonymous_LogEmail Session SessionCookieName Satisfy',
    'error',
    'passwords can only be checked with an htpasswd file here',
    'make an htpasswd file, or put a login in front',
  ),
  ...missing(
    '<Limit> <LimitExcept> AllowMethods',
    'error',
    'methods do not decide who may come in',
    'let the backend refuse them',
  ),
];

/** The verdict on a request: open, refused, or with a gate before it. */
export interface AccessVerdict {
  readonly isRefused: boolean;
  readonly traits: Traits;
  readonly directives: readonly Directive[];
}

/** The last section that says anything about access decides. */
export function decideAccess(sections: readonly Section[], report: ImportReport): AccessVerdict {
  for (const section of [...sections].reverse()) {
    const rules = section.list.filter(({ key }) => /^require(?:all|any|none)?$/.test(key));
    if (rules.length > 0) return decideRequire(rules, sections, report);
    const older = section.list.filter(({ key }) => key === 'allow' || key === 'deny' || key === 'order');
    if (older.length > 0) return decideOrder(older, report);
  }
  return { isRefused: false, traits: {}, directives: [] };
}

/** Rules beside each other are alternatives. */
function decideRequire(rules: readonly Directive[], sections: readonly Section[], report: ImportReport): AccessVerdict {
  const flat = rules.flatMap(flatten);
  const words = flat.map(({ args }) => args.join(' ').toLowerCase());
  const directives = [...rules, ...flat];
  report.contribute(...directives);
  const isAll = rules.length === 1 && rules[0]?.key === 'requireall';
  if (words.includes('all denied') && (isAll || words.length === 1)) return { isRefused: true, traits: {}, directives };
  if (words.includes('all granted') && !isAll) return { isRefused: false, traits: {}, directives };
  const open = words.filter((word) => word !== 'all granted');
  if (open.length === 0) return { isRefused: false, traits: {}, directives };
  const users = flat.filter(({ args }) => /^(?:valid-user|user)$/i.test(args[0] ?? ''));
  const addresses = flat.filter(({ args }) => /^(?:ip|local)$/i.test((args[0] === 'not' ? args[1] : args[0]) ?? ''));
  if (users.length === open.length) return requirePassword(users, directives, sections, report);
  const [first] = rules;
  if (addresses.length === open.length)
    return { isRefused: false, traits: { addresses: readAddresses(addresses) }, directives };
  const unsaid = open.find((word) => !/^(?:valid-user|user|(?:not )?ip|local)\b/.test(word)) ?? open.join(', ');
  if (first !== undefined)
    report.error(
      first,
      `who may come in depends on "${unsaid}", which our language cannot say; everything is refused`,
      'decide it in the backend, or with a password',
    );
  return { isRefused: true, traits: {}, directives };
}

function flatten(rule: Directive): Directive[] {
  return rule.block === undefined ? [rule] : rule.block.flatMap(flatten);
}

function requirePassword(
  users: readonly Directive[],
  directives: readonly Directive[],
  sections: readonly Section[],
  report: ImportReport,
): AccessVerdict {
  const read = (key: string) => findInSections(sections, key);
  const [type, realm, file, provider] = [
    read('authtype'),
    read('authname'),
    read('authuserfile'),
    read('authbasicprovider'),
  ];
  const used = [...directives, ...[type, realm, file, provider].flatMap((directive) => directive ?? [])];
  const [first] = users;
  const isBasic = /^basic$/i.test(type?.args[0] ?? '');
  const isFile = provider === undefined || /^file$/i.test(provider.args[0] ?? '');
  const path = file?.args[0];
  if (!isBasic || !isFile || path === undefined) {
    if (first !== undefined)
      report.error(
        first,
        'the password is not one of type Basic with an htpasswd file; everything is refused',
        'make an htpasswd file',
      );
    return { isRefused: true, traits: {}, directives: used };
  }
  const isAnyone = users.some(({ args }) => /^valid-user$/i.test(args[0] ?? ''));
  const names = users.flatMap(({ args }) => args.slice(1));
  const password = { realm: realm?.args[0] ?? '', file: path, users: isAnyone ? undefined : names };
  return { isRefused: false, traits: { password }, directives: used };
}

function readAddresses(rules: readonly Directive[]): AddressRule[] {
  const list = rules.flatMap(({ args }): AddressRule[] => {
    const isNegative = args[0] === 'not';
    const [kind = '', ...networks] = isNegative ? args.slice(1) : args;
    const all = /^local$/i.test(kind) ? ['127.0.0.0/8', '::1'] : networks;
    return all.map((network) => ({ verdict: isNegative ? 'deny' : 'allow', network }));
  });
  const isAllowList = list.some(({ verdict }) => verdict === 'allow');
  return [...list, { verdict: isAllowList ? 'deny' : 'allow', network: 'all' }];
}

/** `Order deny,allow` and so on, of which only all or nothing can be said. */
function decideOrder(rules: readonly Directive[], report: ImportReport): AccessVerdict {
  report.contribute(...rules);
  const order = (rules.find(({ key }) => key === 'order')?.args.join('') ?? 'deny,allow')
    .toLowerCase()
    .replace(/\s/g, '');
  const from = (key: string) => rules.filter((rule) => rule.key === key).flatMap(({ args }) => args.slice(1));
  const [allow, deny] = [from('allow'), from('deny')];
  const allowsAll = allow.some((word) => /^all$/i.test(word));
  const deniesAll = deny.some((word) => /^all$/i.test(word));
  const others = [...allow, ...deny].filter((word) => !/^all$/i.test(word));
  if (others.length > 0) {
    const addresses = [
      ...deny.filter((word) => !/^all$/i.test(word)).map((network) => ({ verdict: 'deny', network }) as const),
      ...allow.filter((word) => !/^all$/i.test(word)).map((network) => ({ verdict: 'allow', network }) as const),
      { verdict: deniesAll ? 'deny' : 'allow', network: 'all' } as const,
    ];
    return { isRefused: false, traits: { addresses }, directives: rules };
  }
  const isRefused = order === 'allow,deny' ? deniesAll || !allowsAll : deniesAll && !allowsAll;
  return { isRefused, traits: {}, directives: rules };
}
