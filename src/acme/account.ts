// The account at a CA: found in the store or made there (RFC 8555 §7.3), once for all processes that share the store.
import type { FeatureLog } from '../exchange/feature.ts';
import { AcmeError } from './acme-error.ts';
import type { AcmeClient, Signer } from './client.ts';
import { AccountKey } from './jws.ts';
import { parseAnswer } from './messages.ts';
import type { AcmeStore, StoredAccount } from './store.ts';

/** A key that the CA knows under a URL. */
export interface Account extends Signer {
  readonly url: string;
}

/** What accounts are opened with. */
export interface AccountOptions {
  readonly client: AcmeClient;
  readonly store: AcmeStore;
  readonly email: string | undefined;
  readonly log: FeatureLog;
}

/** The account, made if there is none yet. Its key is on disk before the CA hears of it. */
export async function openAccount(options: AccountOptions): Promise<Account> {
  const { client, store } = options;
  const { directory } = client.authority;
  const stored = await store.readAccount(directory);
  if (stored?.url !== undefined) return toAccount(stored, stored.url);
  return store.withLock(`account ${store.authorityName(directory)}`, async () => {
    const now = await store.readAccount(directory);
    return now?.url === undefined ? createAccount(now, options) : toAccount(now, now.url);
  });
}

/** Forgets where the account is, not its key: the CA lost it, as test CAs do when they start anew. */
export async function forgetAccount({ client, store }: AccountOptions): Promise<void> {
  const { directory } = client.authority;
  const stored = await store.readAccount(directory);
  if (stored !== undefined) await store.writeAccount(directory, { ...stored, url: undefined });
}

/** Ends the account (RFC 8555 §7.3.6): the CA takes no order of it any more. The next order makes a new one. */
export async function deactivateAccount(options: AccountOptions): Promise<void> {
  const { client, store } = options;
  const account = await openAccount(options);
  await client.post(account.url, { status: 'deactivated' }, account);
  await store.deleteAccount(client.authority.directory);
}

async function createAccount(stored: StoredAccount | undefined, options: AccountOptions): Promise<Account> {
  const { client, store, email, log } = options;
  const { authority } = client;
  const directory = await client.directory();
  if (directory.meta?.externalAccountRequired === true && authority.eab === undefined)
    throw new AcmeError('local', 'this CA takes customers only: set eab, with the kid and the secret that it gave you');
  const key = stored === undefined ? await AccountKey.generate() : await AccountKey.parse(stored.key);
  const keyText = stored?.key ?? (await key.print());
  await store.writeAccount(authority.directory, { key: keyText, url: undefined });
  const answer = await client.post(
    directory.newAccount,
    {
      // `tls: auto` is the consent; the manual says so.
      termsOfServiceAgreed: true,
      ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
      ...(authority.eab === undefined
        ? {}
        : { externalAccountBinding: await key.bind(authority.eab, directory.newAccount) }),
    },
    { key },
  );
  const { status } = parseAnswer('account', answer.text);
  const url = answer.headers.location;
  if (url === undefined || !URL.canParse(url) || new URL(url).protocol !== 'https:')
    throw new AcmeError('malformed', 'the CA made an account and did not say where (no Location)');
  if (status !== 'valid')
    throw new AcmeError('local', `the account ${url} is ${status}: delete its folder for a new one`);
  await store.writeAccount(authority.directory, { key: keyText, url });
  log.info(
    { account: url, directory: authority.directory, terms: directory.meta?.termsOfService },
    'account at the CA is ready',
  );
  return { key, url };
}

async function toAccount({ key }: StoredAccount, url: string): Promise<Account> {
  return { key: await AccountKey.parse(key), url };
}
