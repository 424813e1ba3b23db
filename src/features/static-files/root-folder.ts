// The folder that is served: looks at and opens what lies in it, and nothing that lies outside, whatever the links say.
import { constants, type FileHandle, open, opendir, readlink, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Clock } from '../../util/clock.ts';
import { toFileError } from './file-errors.ts';
import { type FileFacts, toFacts } from './file-facts.ts';

/** A file or folder that was opened and is known to lie in the root. The owner closes the handle. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly facts: FileFacts;
  /** Its path with links resolved. */
  readonly location: string;
}

/** Where an opened file is, links resolved; undefined if that cannot be said for certain. */
export type Locate = (handle: FileHandle, facts: FileFacts, path: string) => Promise<string | undefined>;

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly facts: FileFacts;
}

/** How long the real path of the root is believed. A root that is itself a link may be pointed elsewhere at any time. */
const ROOT_FRESH_MS = 1000;
/**
 * Never waits for the other end of a FIFO, never becomes a controlling terminal. A device is not opened on purpose:
 * callers look first; the flags bound what happens if it is put in place in between.
 */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Access to one root by names that requested-name.ts let pass.
 *
 * A symbolic link may lead anywhere inside of the root, and nowhere else. A check of the path before opening can be
 * outrun by somebody who may write in the root, so the check comes after: the file is opened, and the kernel is asked
 * where what was opened lies (`/proc/self/fd`). Where it cannot be asked, see {@link locateByPath}.
 */
export class RootFolder {
  /** The path as configured, absolute. */
  readonly path: string;
  readonly #clock: Clock;
  readonly #locate: Locate;
  #realPath: string | undefined = undefined;
  #checkedAtMs = 0;

  constructor(path: string, clock: Clock, locate: Locate = locateOpened) {
    this.path = path;
    this.#clock = clock;
    this.#locate = locate;
  }

  /** The facts of `name`, links followed; undefined if there is none. Says nothing yet about where it lies. */
  async look(name: string): Promise<FileFacts | undefined> {
    const path = this.#join(name);
    try {
      return toFacts(await stat(path, { bigint: true }));
    } catch (thrown) {
      return absentOrThrow(thrown, path);
    }
  }

  /** Opens `name` for reading; undefined if it is neither file nor folder, does not exist, or lies outside of the root. */
  async open(name: string): Promise<OpenedFile | undefined> {
    const path = this.#join(name);
    let handle: FileHandle;
    try {
      handle = await open(path, OPEN_FLAGS);
    } catch (thrown) {
      return absentOrThrow(thrown, path);
    }
    try {
      const facts = toFacts(await handle.stat({ bigint: true }));
      const location = facts.kind === 'other' ? undefined : await this.#locate(handle, facts, path);
      if (location !== undefined && (await this.#holds(location))) return { handle, facts, location };
    } catch (thrown) {
      await handle.close();
      return absentOrThrow(thrown, path);
    }
    await handle.close();
    return undefined;
  }

  /** Whether `name` can be opened as a folder that lies in the root. */
  async hasFolder(name: string): Promise<boolean> {
    const opened = await this.open(name);
    await opened?.handle.close();
    return opened?.facts.kind === 'folder';
  }

  /**
   * Up to `limit` entries of a folder, and whether there are more. Undefined if it is no folder of this root.
   * Leaves out what `isWanted` refuses, what is neither file nor folder, and links that lead out or nowhere: each
   * entry is checked by itself, so it does not matter what becomes of the folder in the meantime.
   */
  async list(
    name: string,
    limit: number,
    isWanted: (entryName: string) => boolean,
  ): Promise<{ entries: FolderEntry[]; isCut: boolean } | undefined> {
    const opened = await this.open(name);
    await opened?.handle.close();
    if (opened?.facts.kind !== 'folder') return undefined;
    const entries: FolderEntry[] = [];
    try {
      for await (const { name: entryName } of await opendir(opened.location)) {
        if (!isWanted(entryName)) continue;
        if (entries.length === limit) return { entries, isCut: true };
        const facts = await this.#lookInside(name === '' ? entryName : `${name}/${entryName}`);
        if (facts !== undefined) entries.push({ name: entryName, facts });
      }
    } catch (thrown) {
      return absentOrThrow(thrown, opened.location);
    }
    return { entries, isCut: false };
  }

  /** The facts of an entry, without opening it: enough for a listing, which gives away no content. */
  async #lookInside(name: string): Promise<FileFacts | undefined> {
    try {
      const path = await realpath(this.#join(name));
      if (!(await this.#holds(path))) return undefined;
      const facts = toFacts(await stat(path, { bigint: true }));
      return facts.kind === 'other' ? undefined : facts;
    } catch {
      return undefined; // gone in between, or not for us: not in the listing
    }
  }

  /** Whether a real path lies in the root; asks anew where the root is before it says no. */
  async #holds(location: string): Promise<boolean> {
    const isFresh = this.#clock.now() - this.#checkedAtMs < ROOT_FRESH_MS;
    if (this.#realPath !== undefined && isFresh && isInside(location, this.#realPath)) return true;
    this.#realPath = await realpath(this.path);
    this.#checkedAtMs = this.#clock.now();
    return isInside(location, this.#realPath);
  }

  #join(name: string): string {
    return name === '' ? this.path : `${this.path}${sep}${name}`;
  }
}

/** Asks the kernel where an opened file is; by the path where there is no `/proc`. */
export async function locateOpened(handle: FileHandle, facts: FileFacts, path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return locateByPath(handle, facts, path);
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch {
    return locateByPath(handle, facts, path);
  }
}

/**
 * Resolves the path after opening and makes sure that what it leads to is the file that was opened. Somebody who may
 * write in the root could still win by exchanging a folder and a link twice at the right instants; nothing better
 * can be had without the kernel's word.
 */
export async function locateByPath(_: FileHandle, facts: FileFacts, path: string): Promise<string | undefined> {
  const location = await realpath(path);
  const found = toFacts(await stat(location, { bigint: true }));
  return found.inode === facts.inode && found.device === facts.device ? location : undefined;
}

function absentOrThrow(thrown: unknown, path: string): undefined {
  const error = toFileError(thrown, path);
  if (error !== undefined) throw error;
}

function isInside(location: string, root: string): boolean {
  return location === root || location.startsWith(root.endsWith(sep) ? root : root + sep);
}
