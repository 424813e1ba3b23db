// Folders for the length of a test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd, type Owner } from './at-end.ts';

/** A new empty folder that is deleted when the owner is done. */
export function tempFolder(owner: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
  atEnd(owner, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
