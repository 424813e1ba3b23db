// A CA that gives a certificate to whoever asks, without any proof, and answers what the test tells it to answer.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  cryptoProvider,
  Pkcs10CertificateRequest,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { atEnd, type Owner } from './at-end.ts';
import { TestAuthority } from './certificates.ts';
import { tempFolder } from './temp-folder.ts';

// The library names the types of a browser; Node's crypto has the same members.
cryptoProvider.set(webcrypto as never);

/** What is answered at a path; a function may do as it likes with the response. */
export type ScriptedAnswer = ScriptedReply | ((request: IncomingMessage, response: ServerResponse) => void);

/** An answer as data; what is no text goes out as JSON. */
export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A request that came in: its path, and the signed payload if there is one. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** RFC 5280 §4.2.1.6. */
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A running CA. `answers` overrides what it says, by path. */
export class ScriptedCa {
  readonly answers = new Map<string, ScriptedAnswer>();
  readonly seen: SeenRequest[] = [];
  /** From when to when the next certificates are valid. */
  validity = { fromMs: Date.now() - 3600_000, toMs: Date.now() + 90 * 24 * 3600_000 };
  /** The file with the root of its https. */
  readonly ca: string;
  readonly origin: string;
  readonly #signing: webcrypto.CryptoKeyPair;
  #chain = '';

  constructor(ca: string, port: number, signing: webcrypto.CryptoKeyPair) {
    this.ca = ca;
    this.origin = `https://127.0.0.1:${port}`;
    this.#signing = signing;
  }

  get directory(): string {
    return `${this.origin}/dir`;
  }

  /** The payloads that were sent to a path. */
  sentTo(path: string): SeenRequest['payload'][] {
    return this.seen.filter((request) => request.path === path).map(({ payload }) => payload);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const payload = await readPayload(request);
    this.seen.push({ method: request.method ?? '', path, payload });
    const scripted = this.answers.get(path);
    if (typeof scripted === 'function') {
      scripted(request, response);
      return;
    }
    const { status = 200, headers = {}, body = '' } = scripted ?? (await this.#answer(path, payload));
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const nonce = Buffer.from(webcrypto.getRandomValues(new Uint8Array(12))).toString('base64url');
    response.writeHead(status, { 'Replay-Nonce': nonce, 'Content-Type': 'application/json', ...headers }).end(text);
  }

  async #answer(path: string, payload: SeenRequest['payload']): Promise<ScriptedReply> {
    const { origin } = this;
    const order = { authorizations: [`${origin}/authorization`], finalize: `${origin}/finalize` };
    const isDone = this.#chain !== '';
    switch (path) {
      case '/dir':
        return { body: this.directoryBody() };
      case '/account':
        return { status: 201, headers: { Location: `${origin}/account/1` }, body: { status: 'valid' } };
      case '/order':
        this.#chain = '';
        return { status: 201, headers: { Location: `${origin}/order/1` }, body: { status: 'ready', ...order } };
      case '/order/1':
        return {
          body: isDone
            ? { status: 'valid', ...order, certificate: `${origin}/certificate` }
            : { status: 'ready', ...order },
        };
      case '/authorization':
        return { body: { status: 'valid', identifier: { type: 'dns', value: 'x' }, challenges: [] } };
      case '/finalize':
        this.#chain = await this.#sign(String(payload['csr']));
        return { body: { status: 'processing', ...order } };
      case '/certificate':
        return { headers: { 'Content-Type': 'application/pem-certificate-chain' }, body: this.#chain };
      default:
        return path === '/nonce' ? {} : { status: 404, body: { type: 'about:blank', detail: `nothing at ${path}` } };
    }
  }

  /** What is at `/dir`, for tests that change a part of it. */
  directoryBody(): Record<string, unknown> {
    const { origin } = this;
    return {
      newNonce: `${origin}/nonce`,
      newAccount: `${origin}/account`,
      newOrder: `${origin}/order`,
      revokeCert: `${origin}/revoke`,
      renewalInfo: `${origin}/renewal`,
    };
  }

  async #sign(csr: string): Promise<string> {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, 'base64url'));
    const names = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
    const certificate = await X509CertificateGenerator.create({
      subject: 'CN=issued',
      issuer: 'CN=Scripted CA',
      publicKey: await request.publicKey.export(),
      signingKey: this.#signing.privateKey,
      signingAlgorithm: EC,
      notBefore: new Date(this.validity.fromMs),
      notAfter: new Date(this.validity.toMs),
      extensions: [
        await AuthorityKeyIdentifierExtension.create(this.#signing.publicKey),
        ...(names === null ? [] : [names]),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

/** Starts one. */
export async function startScriptedCa(owner: Owner): Promise<ScriptedCa> {
  const authority = await TestAuthority.create('Scripted https');
  const { cert, key } = await authority.issue({ names: ['127.0.0.1'] });
  const file = join(tempFolder(owner), 'ca.pem');
  writeFileSync(file, authority.cert);
  const signing = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  let ca: ScriptedCa | undefined;
  const server: Server = createServer({ cert, key }, (request, response) => void ca?.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => {
    server.closeAllConnections();
    server.close();
  });
  ca = new ScriptedCa(file, (server.address() as AddressInfo).port, signing);
  return ca;
}

async function readPayload(request: IncomingMessage): Promise<SeenRequest['payload']> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (text === '') return {};
  const { payload } = JSON.parse(text) as { payload: string };
  return payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as SeenRequest['payload']);
}
