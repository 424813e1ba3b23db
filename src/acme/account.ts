// The account at a CA: found in the store or made there (RFC 8555 §7.3), once for all processes that share the store.
import type { FeatureLog } from '../exchange/feature.ts';
import { parseUrl } from '../util/parse-url.ts';
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
  const { client, store, email } = options;
  const { directory } = client.authority;
  const stored = await store.readAccount(directory);
  if (stored?.url !== undefined && stored.email === email) return toAccount(stored, stored.url);
  return store.withLock(`account ${store.authorityName(directory)}`, async () => {
    const now = await store.readAccount(directory);
    if (now?.url === undefined) return createAccount(now, options);
    const account = await toAccount(now, now.url);
    if (now.email !== email) await changeContact(account, now, options);
    return account;
  });
}

/** RFC 8555 §7.3.2. That the CA does not learn of a new address is no reason to get no certificate. */
async function changeContact(account: Account, stored: StoredAccount, options: AccountOptions): Promise<void> {
  const { client, store, email, log } = options;
  try {
    await client.post(account.url, { contact: contactOf(email) }, account);
    await store.writeAccount(client.authority.directory, { ...stored, email });
  } catch (error) {
    log.warn({ account: account.url, error: String(error) }, 'the CA did not take the new mail address');
  }
}

function contactOf(email: string | undefined): string[] {
  return email === undefined ? [] : [`mailto:${email}`];
}

/** Forgets where the account is, not its key: the CA lost it, as test CAs do when they start anew. */
export async function forgetAccount({ client, store }: AccountOptions): Promise<void> {
  const { directory } = client.authority;
  const stored = await store.readAccount(directory);
  if (stored !== undefined) await store.writeAccount(directory, { ...stored, url: undefined });
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
      ...(email === undefined ? {} : { contact: contactOf(email) }),
      ...(authority.eab === undefined
        ? {}
        : { externalAccountBinding: await key.bind(authority.eab, directory.newAccount) }),
    },
    { key },
  );
  const { status } = parseAnswer('account', answer.text);
  const url = answer.headers.location;
  if (url === undefined || parseUrl(url)?.protocol !== 'https:')
    throw new AcmeError('malformed', 'the CA made an account and did not say where (no Location)');
  if (status !== 'valid')
    throw new AcmeError('local', `the account ${url} is ${status}: delete its folder for a new one`);
  await store.writeAccount(authority.directory, { key: keyText, url, email });
  log.info(
    { account: url, directory: authority.directory, terms: directory.meta?.termsOfService },
    'account at the CA is ready',
  );
  return { key, url };
}

async function toAccount({ key }: StoredAccount, url: string): Promise<Account> {
  return { key: await AccountKey.parse(key), url };
}
