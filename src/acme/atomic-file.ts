// Files that are whole or not there: written beside their place, synced, and put into it in one step.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Keys are among what is kept: nobody else may read, nobody else may look. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** More than anything here takes; what is larger was not written by us. */
const FILE_LIMIT_BYTES = 1024 * 1024;
const TEMPORARY = /^\..+\.tmp$/;

/** Makes a folder, and the way to it, for this user alone; takes the rights of others away from one that exists. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) await chmod(folder, FOLDER_MODE);
}

/** Puts `text` in the place of what is in `file`. After a crash the file has the old text or the new one, never a part. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', FILE_MODE);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The text of a file; undefined if it is not there. Rejects if it is larger than anything that is kept here. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT_BYTES) throw new Error(`${file} is larger than ${FILE_LIMIT_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Deletes what crashed writers left in a folder, and, with `isOld`, other files that nobody needs any more. */
export async function sweepFolder(folder: string, isOld: (ageMs: number) => boolean, nowMs: number, all = false) {
  for (const name of await readdir(folder)) {
    if (!all && !TEMPORARY.test(name)) continue;
    const file = join(folder, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts !== undefined && isOld(nowMs - facts.mtimeMs)) await rm(file, { force: true });
  }
}

/** Makes a rename last: it is a change of the folder. Where folders cannot be synced, the file system does it itself. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Some network file systems refuse to sync folders.
  }
}
