// Real programs that tests and benchmarks use if they are installed, and the Debian package each is in.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program to Debian package. What is listed here belongs into tools/install-debian-packages.sh. */
const PACKAGES = {
  apache2: 'apache2',
  caddy: 'caddy',
  certutil: 'libnss3-tools',
  chromium: 'chromium',
  curl: 'curl',
  'firefox-esr': 'firefox-esr',
  h2load: 'nghttp2-client',
  haproxy: 'haproxy',
  lighttpd: 'lighttpd',
  nghttp: 'nghttp2-client',
  nginx: 'nginx',
  openssl: 'openssl',
  pebble: 'pebble',
  'pebble-challtestsrv': 'pebble',
  python3: 'python3',
  wrk: 'wrk',
} as const;

/** A program that {@link findProgram} knows. */
export type Program = keyof typeof PACKAGES;

/** Every package that a test or benchmark may ask for. */
export const DEBIAN_PACKAGES: readonly string[] = Object.values(PACKAGES);

/** Daemons are in sbin, which is not in everybody's PATH. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of an installed program, or undefined. */
export function findProgram(program: Program): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

/**
 * The `skip` option of a test that needs `programs`: false if all are there, else a sentence that says what is missing
 * and how to install it.
 */
export function skipUnless(...programs: Program[]): string | false {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? false : `needs ${missing.join(' and ')}: ${installHint(missing)}`;
}

/** The path of a program that {@link skipUnless} found. Throws an Error with the way to install it otherwise. */
export function programPath(program: Program): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`${program} is not installed: ${installHint([program])}`);
  return path;
}

/** The command that installs `programs`. */
export function installHint(programs: readonly Program[]): string {
  return `apt-get install -y --no-install-recommends ${programs.map((program) => PACKAGES[program]).join(' ')}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
