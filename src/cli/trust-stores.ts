// Where systems and browsers keep the authorities they trust, and the commands that change that.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One command, as a person would type it. */
export interface TrustStep {
  readonly program: string;
  readonly args: readonly string[];
}

/** A store that is there. */
export interface TrustStore {
  /** For people. */
  readonly name: string;
  /** Whether only root may change it. */
  readonly isOfSystem: boolean;
  readonly install: readonly TrustStep[];
  readonly uninstall: readonly TrustStep[];
}

/** The root to install. */
export interface TrustedRoot {
  readonly file: string;
  /** Unlike that of any other root. */
  readonly name: string;
}

/** What is looked at to find stores. */
export interface TrustSurroundings {
  /** The home of the user; undefined for none. */
  readonly home: string | undefined;
  exists(path: string): boolean;
  list(folder: string): readonly string[];
}

/** Folders of system stores, and what makes a change of them known. */
const SYSTEM_STORES = [
  {
    name: 'Debian, Ubuntu, Alpine',
    folder: '/usr/local/share/ca-certificates',
    update: ['update-ca-certificates'],
    refresh: ['update-ca-certificates', '--fresh'],
  },
  {
    name: 'Fedora, RHEL',
    folder: '/etc/pki/ca-trust/source/anchors',
    update: ['update-ca-trust', 'extract'],
    refresh: ['update-ca-trust', 'extract'],
  },
  {
    name: 'Arch',
    folder: '/etc/ca-certificates/trust-source/anchors',
    update: ['trust', 'extract-compat'],
    refresh: ['trust', 'extract-compat'],
  },
] as const;

/** The world as it is. */
export function realTrustSurroundings(home: string | undefined): TrustSurroundings {
  return {
    home,
    exists: existsSync,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  };
}

/** The stores that are there: of the system (the first that fits), of Chromium and of each profile of Firefox. */
export function findTrustStores(root: TrustedRoot, surroundings: TrustSurroundings): TrustStore[] {
  const system = SYSTEM_STORES.find(({ folder }) => surroundings.exists(folder));
  return [...(system === undefined ? [] : [systemStore(system, root)]), ...findNssStores(root, surroundings)];
}

function systemStore({ name, folder, update, refresh }: (typeof SYSTEM_STORES)[number], root: TrustedRoot): TrustStore {
  const target = join(folder, `${root.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.crt`);
  return {
    name: `the system (${name})`,
    isOfSystem: true,
    install: [step(['cp', root.file, target]), step(['chmod', '644', target]), step(update)],
    uninstall: [step(['rm', '-f', target]), step(refresh)],
  };
}

/** Databases of NSS, which Chromium and Firefox have on Linux. */
function findNssStores(root: TrustedRoot, { home, exists, list }: TrustSurroundings): TrustStore[] {
  if (home === undefined) return [];
  const firefox = [join(home, '.mozilla', 'firefox'), join(home, 'snap', 'firefox', 'common', '.mozilla', 'firefox')];
  const profiles = firefox.flatMap((folder) => list(folder).map((name) => join(folder, name)));
  return [join(home, '.pki', 'nssdb'), ...profiles]
    .filter((folder) => exists(join(folder, 'cert9.db')))
    .map((folder) => ({
      name: folder.includes('.mozilla') ? `Firefox (${folder})` : `Chromium (${folder})`,
      isOfSystem: false,
      install: [step(['certutil', '-A', '-d', `sql:${folder}`, '-t', 'C,,', '-n', root.name, '-i', root.file])],
      uninstall: [step(['certutil', '-D', '-d', `sql:${folder}`, '-n', root.name])],
    }));
}

function step([program = '', ...args]: readonly string[]): TrustStep {
  return { program, args };
}
