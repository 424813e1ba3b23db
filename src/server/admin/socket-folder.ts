// The folder of the admin socket: made for this user alone, and not trusted if somebody else made it first.
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the folder of a socket if it is missing. Throws if the folder belongs to another user who could put their own
 * socket in the place of ours (the folder may lie in a shared place such as /tmp); root is trusted.
 */
export function prepareSocketFolder(socketPath: string): void {
  const folder = dirname(socketPath);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(folder);
  const own = process.getuid?.() ?? uid;
  if (uid !== own && uid !== 0)
    throw new Error(`${folder} belongs to another user (${uid}): the admin socket is not safe there`);
}
