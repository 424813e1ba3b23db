// Certificate files: read and checked, and watched, so that renewed ones take the place of the old without a reload.
import { readFile, stat } from 'node:fs/promises';
import type { Cancel, Clock } from '../util/clock.ts';
import { type Certificate, CertificateError, parseCertificate } from './certificate.ts';

/** Where a certificate and its key lie; both paths may be the same. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** How often files are looked at. By their facts, not by events: those get lost on mounted volumes and exchanged links. */
const LOOK_EVERY_MS = 5_000;
/** A chain with its key takes some KiB, a bundle of all public authorities some hundred. */
const FILE_LIMIT_BYTES = 4 * 1024 * 1024;

/** Reads a certificate. Rejects with {@link CertificateError}, which names the file. */
export async function readCertificate({ cert, key }: CertificateFiles): Promise<Certificate> {
  const [chain, keyText] = await Promise.all([readPem(cert), cert === key ? undefined : readPem(key)]);
  try {
    return parseCertificate(chain, keyText ?? chain);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(`${cert === key ? cert : `${cert} and ${key}`}: ${error.message}`, { cause: error });
  }
}

/** Reads a PEM file. Rejects with {@link CertificateError}. */
export async function readPem(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT_BYTES) throw new CertificateError(`${file} is larger than ${FILE_LIMIT_BYTES} bytes`);
    return await readFile(file, 'latin1');
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new CertificateError(`cannot read ${file}: ${reason}`, { cause: error });
  }
}

/**
 * Calls `changed` once some of `files` are others than at the last call, and have been the same for one look: certificate
 * and key are not replaced in one instant. Looks every five seconds, one look at a time. Returns how to stop.
 */
export function watchFiles(
  files: readonly string[],
  clock: Clock,
  changed: (files: ReadonlySet<string>) => void,
): Cancel {
  const watch = new FileWatch(files, changed);
  const cancel = clock.every(LOOK_EVERY_MS, () => void watch.look());
  void watch.look();
  return () => {
    cancel();
    watch.stop();
  };
}

interface Watched {
  /** What `changed` was last told of. */
  told: string | undefined;
  last: string | undefined;
}

class FileWatch {
  readonly #files: Map<string, Watched>;
  readonly #changed: (files: ReadonlySet<string>) => void;
  #isLooking = false;
  #isStopped = false;

  constructor(files: readonly string[], changed: (files: ReadonlySet<string>) => void) {
    this.#files = new Map(files.map((file) => [file, { told: undefined, last: undefined }]));
    this.#changed = changed;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    const settled = new Set<string>();
    let isMoving = false;
    for (const [file, watched] of this.#files) {
      const facts = await factsOf(file);
      watched.told ??= facts;
      if (facts !== watched.last && watched.last !== undefined) isMoving = true;
      else if (facts !== watched.told) settled.add(file);
      watched.last = facts;
    }
    this.#isLooking = false;
    if (isMoving || settled.size === 0 || this.#isStopped) return;
    for (const file of settled) {
      const watched = this.#files.get(file);
      if (watched !== undefined) watched.told = watched.last;
    }
    this.#changed(settled);
  }
}

/** What changes when a file is written or exchanged; a file that is gone has facts too. */
async function factsOf(file: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino, dev } = await stat(file);
    return [mtimeMs, ctimeMs, size, ino, dev].join(' ');
  } catch (error) {
    return `gone: ${(error as NodeJS.ErrnoException).code}`;
  }
}
