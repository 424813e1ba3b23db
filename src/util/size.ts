// Sizes as people write them in configuration ("10MB") to bytes and back.

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const SIZE = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)$/i;

/**
 * Parses a size such as `10MB` (10 000 000), `64KiB` (65 536) or `512B` into bytes.
 * Throws a SyntaxError that names the text for anything else: the unit is not optional.
 */
export function parseSize(text: string): number {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  const unitBytes = unit === undefined ? undefined : UNIT_BYTES[unit.toLowerCase()];
  if (unitBytes === undefined)
    throw new SyntaxError(`Cannot parse size "${text}": write a number and B, kB, MB, GB, KiB, MiB or GiB`);
  return Math.round(Number(amount) * unitBytes);
}

/** Prints bytes with the largest unit that divides them: 65536 is `64KiB`, 10000000 is `10MB`. */
export function printSize(bytes: number): string {
  for (const unit of ['GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']) {
    const unitBytes = UNIT_BYTES[unit.toLowerCase()] ?? 1;
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}B`;
}
