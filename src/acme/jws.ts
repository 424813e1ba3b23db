// Signatures of ACME (RFC 8555 §6.2) with the library jose: account keys, signed requests, external account bindings.
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  FlattenedSign,
  generateKeyPair,
  importPKCS8,
  type JWK,
} from 'jose';

/** RFC 8555 §6.2: every CA must take ES256. */
const ALGORITHM = 'ES256';
const encoder = new TextEncoder();

/** What is signed beside the payload. */
export interface SignedHeader {
  readonly url: string;
  /** Left out where nothing is replayed: in the binding. */
  readonly nonce?: string;
  /** The account's URL; left out, the key itself is sent along. */
  readonly kid?: string;
}

/** The private key of an account. */
export class AccountKey {
  readonly #key: CryptoKey;
  readonly #jwk: JWK;
  /** RFC 7638: what key authorizations end in. */
  readonly thumbprint: string;

  private constructor(key: CryptoKey, jwk: JWK, thumbprint: string) {
    this.#key = key;
    this.#jwk = jwk;
    this.thumbprint = thumbprint;
  }

  static async generate(): Promise<AccountKey> {
    const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    return AccountKey.#of(privateKey);
  }

  /** Rejects with what jose says if the text is no such key. */
  static async parse(pem: string): Promise<AccountKey> {
    return AccountKey.#of(await importPKCS8(pem, ALGORITHM, { extractable: true }));
  }

  static async #of(key: CryptoKey): Promise<AccountKey> {
    const { d: _private, ...jwk } = await exportJWK(key);
    return new AccountKey(key, jwk, await calculateJwkThumbprint(jwk));
  }

  /** PEM. */
  print(): Promise<string> {
    return exportPKCS8(this.#key);
  }

  /** The body of a request. `payload` undefined is an empty one: POST-as-GET (RFC 8555 §6.3). */
  async sign(payload: object | undefined, header: SignedHeader): Promise<string> {
    const bytes = payload === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(payload));
    const jws = await new FlattenedSign(bytes)
      .setProtectedHeader({ alg: ALGORITHM, ...header, ...(header.kid === undefined ? { jwk: this.#jwk } : {}) })
      .sign(this.#key);
    return JSON.stringify(jws);
  }

  /** RFC 8555 §7.3.4: this key, signed with the key that the CA gave to its customer. */
  async bind({ kid, secret }: { readonly kid: string; readonly secret: string }, url: string): Promise<object> {
    return new FlattenedSign(encoder.encode(JSON.stringify(this.#jwk)))
      .setProtectedHeader({ alg: 'HS256', kid, url })
      .sign(Buffer.from(secret, 'base64url'));
  }

  /** RFC 8555 §8.1. */
  authorize(token: string): string {
    return `${token}.${this.thumbprint}`;
  }
}
