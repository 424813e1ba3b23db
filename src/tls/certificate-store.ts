// CertificateStore: which identity a client is shown: by its name, by the sources that know more names, or the fallback.
import type { CertificateSource, HelloPlace } from './certificate-source.ts';
import type { ClientHello } from './client-hello.ts';
import type { Identity } from './identity.ts';

/** What stands behind a name: what it shows may change at any time, and the next handshake sees the change. */
export interface IdentitySlot {
  /** The demands on client certificates of whatever is shown; see `Identity.clientPolicy`. */
  readonly clientPolicy: string | undefined;
  /** As {@link CertificateSource.find}, for a client that asked for `name`; undefined if it named none. */
  show(name: string | undefined): Identity | Promise<Identity | undefined> | undefined;
  /** Why nothing is shown for `name`, in a few words for the log. */
  explainNothing?(name: string | undefined): string | undefined;
}

/** What a store looks things up in. */
export interface CertificateTables {
  /** The slot of a name in lower case: exact, else the longest wildcard, else the one for any name. */
  find(name: string, port: number): IdentitySlot | undefined;
  /** For clients that name no host, as those do that know only an address. Undefined refuses them. */
  readonly nameless: IdentitySlot | undefined;
  /** Asked in turn; the first that has something wins. Before the names, so that challenges come through. */
  readonly sources: readonly CertificateSource[];
}

/** Immutable but for its slots: one store per generation. */
export class CertificateStore implements CertificateSource {
  readonly #tables: CertificateTables;

  constructor(tables: CertificateTables) {
    this.#tables = tables;
  }

  find(hello: ClientHello, place: HelloPlace): Identity | Promise<Identity | undefined> | undefined {
    for (const [index, source] of this.#tables.sources.entries()) {
      const found = source.find(hello, place);
      if (found instanceof Promise) return this.#findLater(found, index, hello, place);
      if (found !== undefined) return found;
    }
    return this.#findOwn(hello, place);
  }

  async #findLater(
    first: Promise<Identity | undefined>,
    index: number,
    hello: ClientHello,
    place: HelloPlace,
  ): Promise<Identity | undefined> {
    let found = await orNothing(first);
    for (const source of this.#tables.sources.slice(index + 1)) found ??= await orNothing(source.find(hello, place));
    return found ?? this.#findOwn(hello, place);
  }

  explainNothing({ serverName }: ClientHello, { localPort }: HelloPlace): string | undefined {
    return this.#slotOf(serverName, localPort)?.explainNothing?.(serverName);
  }

  #findOwn({ serverName }: ClientHello, { localPort }: HelloPlace) {
    return this.#slotOf(serverName, localPort)?.show(serverName);
  }

  #slotOf(serverName: string | undefined, localPort: number): IdentitySlot | undefined {
    if (serverName === undefined) return this.#tables.find('', localPort) ?? this.#tables.nameless;
    return this.#tables.find(serverName, localPort);
  }
}

async function orNothing(found: Identity | undefined | Promise<Identity | undefined>): Promise<Identity | undefined> {
  try {
    return await found;
  } catch {
    // Logged by the source, as its contract says.
    return undefined;
  }
}
