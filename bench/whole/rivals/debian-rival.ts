// What the rivals from Debian share: how they are found.
import { findProgram, installHint, type Program } from '../../../test/kit/debian.ts';
import { versionIn, versionOutput } from '../server-process.ts';

/** `missing` and `version` of a rival that is a Debian program. */
export function debianRival(
  program: Program,
  versionArgs: readonly string[],
): { missing(): string | undefined; version(): string } {
  return {
    missing: () => (findProgram(program) === undefined ? installHint([program]) : undefined),
    version: () => `${program} ${versionIn(versionOutput(findProgram(program) ?? program, versionArgs))}`,
  };
}
