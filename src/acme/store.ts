// AcmeStore: the folder with accounts, certificates and pending challenges, which several processes may share.
//
//   authorities/NAME/account.json   the account's key and URL at one CA
//   certificates/NAME.pem           the private key, the certificate, its chain: for other programs too
//   certificates/NAME.json          where it came from, and what went wrong lately
//   challenges/...                  answers to challenges that are pending, so that any of the processes can give them
//   locks/...                       who is ordering what
import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { FeatureLog } from '../exchange/feature.ts';
import { type Certificate, parseCertificate } from '../tls/certificate.ts';
import type { Clock } from '../util/clock.ts';
import { makePrivateFolder, readIfThere, sweepFolder, writeAtomically } from './atomic-file.ts';
import { withFileLock } from './file-lock.ts';

const accountShape = z.object({ key: z.string(), url: z.string().optional(), email: z.string().optional() });

const attemptShape = z.object({
  /** How many attempts in a row came to nothing. */
  failures: z.number(),
  atMs: z.number(),
  nextMs: z.number(),
  error: z.string(),
  /** What was configured then: after a change it is worth trying at once. */
  settings: z.string(),
});

const factsShape = z.object({
  directory: z.string().optional(),
  url: z.string().optional(),
  challenge: z.string().optional(),
  obtainedMs: z.number().optional(),
  attempt: attemptShape.optional(),
});

/** An account as it is kept; without `url`, the CA does not know the key yet. */
export interface StoredAccount {
  readonly key: string;
  readonly url?: string | undefined;
  /** The address that the CA has. */
  readonly email?: string | undefined;
}

/** The last attempt, if it failed. */
export type FailedAttempt = z.output<typeof attemptShape>;

/** What is known of a name's certificate besides the certificate. Times in milliseconds since 1970. */
export type CertificateFacts = z.output<typeof factsShape>;

/** A certificate as it is kept. */
export interface StoredCertificate {
  readonly certificate: Certificate | undefined;
  readonly facts: CertificateFacts;
}

/** Pending answers of crashed processes, and halves of files, are of no use after this time. */
const LEFTOVER_MS = 24 * 3600_000;
const FOLDERS = ['authorities', 'certificates', 'challenges', 'locks'] as const;
const CHALLENGE_NAME = /^[A-Za-z0-9_.-]{1,255}$/;

/** Everything below one folder, which is made at the first writing. */
export class AcmeStore {
  readonly dir: string;
  readonly #clock: Clock;
  readonly #log: FeatureLog;
  #ready: Promise<void> | undefined = undefined;

  constructor(dir: string, clock: Clock, log: FeatureLog) {
    this.dir = dir;
    this.#clock = clock;
    this.#log = log;
  }

  /** A CA's name as a folder: its host for people, and what makes it unique. */
  authorityName(directory: string): string {
    const digest = createHash('sha256').update(directory).digest('hex').slice(0, 8);
    return `${new URL(directory).hostname.replaceAll(/[^a-z0-9.-]/g, '_')}-${digest}`;
  }

  async readAccount(directory: string): Promise<StoredAccount | undefined> {
    return this.#readJson(this.#accountFile(directory), accountShape);
  }

  async writeAccount(directory: string, account: StoredAccount): Promise<void> {
    await this.#open();
    await makePrivateFolder(join(this.dir, 'authorities', this.authorityName(directory)));
    await writeAtomically(this.#accountFile(directory), `${JSON.stringify({ directory, ...account }, undefined, 2)}\n`);
  }

  /** The file with the certificate and the key of a name, whether it exists or not. */
  certificateFile(name: string): string {
    return join(this.dir, 'certificates', `${fileNameOf(name)}.pem`);
  }

  /** What there is for a name; a broken file counts as none, and is logged. */
  async readCertificate(name: string): Promise<StoredCertificate> {
    const file = this.certificateFile(name);
    const facts = (await this.#readJson(this.#factsFile(name), factsShape)) ?? {};
    try {
      const text = await readIfThere(file);
      return { certificate: text === undefined ? undefined : parseCertificate(text, text), facts };
    } catch (error) {
      this.#log.error({ file, error: String(error) }, 'a stored certificate cannot be used: a new one is fetched');
      return { certificate: undefined, facts };
    }
  }

  /** Key and certificate change in one step, because they are one file. */
  async writeCertificate(name: string, { chain, key }: Certificate, facts: CertificateFacts): Promise<void> {
    await this.#open();
    await writeAtomically(this.certificateFile(name), `${key.trimEnd()}\n${chain.trimEnd()}\n`);
    await this.writeFacts(name, facts);
  }

  async writeFacts(name: string, facts: CertificateFacts): Promise<void> {
    await this.#open();
    await writeAtomically(this.#factsFile(name), `${JSON.stringify(facts, undefined, 2)}\n`);
  }

  /** For a certificate that was revoked: nobody may take it for a good one. */
  async deleteCertificate(name: string): Promise<void> {
    await rm(this.certificateFile(name), { force: true });
    await rm(this.#factsFile(name), { force: true });
  }

  /** Changes whenever the certificate does; undefined for none. */
  async versionOf(name: string): Promise<string | undefined> {
    try {
      const { ino, mtimeMs, size } = await stat(this.certificateFile(name));
      return `${ino} ${mtimeMs} ${size}`;
    } catch {
      return undefined;
    }
  }

  /** The answer of a pending challenge that some process put up. */
  async readChallenge(name: string): Promise<string | undefined> {
    return CHALLENGE_NAME.test(name) ? readIfThere(join(this.dir, 'challenges', name)) : undefined;
  }

  async writeChallenge(name: string, answer: string): Promise<void> {
    await this.#open();
    await writeAtomically(join(this.dir, 'challenges', name), answer);
  }

  async deleteChallenge(name: string): Promise<void> {
    await rm(join(this.dir, 'challenges', name), { force: true });
  }

  /** Runs `work` while no other process runs anything under the same `name`. */
  async withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.#open();
    return withFileLock(join(this.dir, 'locks', `${fileNameOf(name)}.lock`), this.#clock, work);
  }

  #open(): Promise<void> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #prepare(): Promise<void> {
    await makePrivateFolder(this.dir);
    const nowMs = this.#clock.epochMs();
    for (const folder of FOLDERS) {
      const path = join(this.dir, folder);
      await makePrivateFolder(path);
      await sweepFolder(path, (ageMs) => ageMs > LEFTOVER_MS, nowMs, folder === 'challenges');
    }
  }

  async #readJson<Shape extends z.ZodType>(file: string, shape: Shape): Promise<z.output<Shape> | undefined> {
    try {
      const text = await readIfThere(file);
      return text === undefined ? undefined : shape.parse(JSON.parse(text));
    } catch (error) {
      this.#log.error({ file, error: String(error) }, 'a stored file cannot be read: it counts as missing');
      return undefined;
    }
  }

  #accountFile(directory: string): string {
    return join(this.dir, 'authorities', this.authorityName(directory), 'account.json');
  }

  #factsFile(name: string): string {
    return join(this.dir, 'certificates', `${fileNameOf(name)}.json`);
  }
}

/** A name as a file: host names need no more than their wildcard written out. */
function fileNameOf(name: string): string {
  return name.replace(/^\*\./, 'wildcard.').replaceAll(/[^a-z0-9._-]/gi, '_');
}
