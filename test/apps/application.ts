// What the project knows about one real application: what it needs, how it is started, what a visitor does and sees.

/** What an application is given to start with. */
export interface AppPlace {
  /** A free loopback port. */
  readonly port: number;
  /** Where the application is installed: its files from `test/fixtures/apps/`, and `node_modules`. Not to be written. */
  readonly folder: string;
  /** An empty folder of this run. */
  readonly data: string;
}

/** A program to run. */
export interface StartCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Default: the folder of the application. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Something to press, and what is there afterwards. */
export interface AppClick {
  /** CSS. The first match is clicked. */
  readonly selector: string;
  /** Text that the next page shows. */
  readonly shows: string;
}

/** One application. */
export interface RealApplication {
  /** Also the folder in `test/fixtures/apps/`, if there is one. */
  readonly name: string;
  /** What it is there to show. */
  readonly covers: string;
  /** Debian packages that must be installed. */
  readonly debian?: readonly string[];
  /** Whether its folder has a package.json to install. */
  readonly isNpm?: true;
  /** Arguments of node, run once after the installation. */
  readonly build?: readonly string[];
  readonly buildEnv?: Readonly<Record<string, string>>;
  /** The first page. */
  readonly path: string;
  /** Text that the first page shows once it works. Undefined: the application shows none. */
  readonly shows: string | undefined;
  readonly click?: AppClick;
  /** Whether what is shown differs from visit to visit beyond numbers: then it is compared by {@link shows} alone. */
  readonly isLively?: true;
  /** Keys of the mount besides `proxy`, for what the application asks of any proxy. */
  readonly mount?: Readonly<Record<string, unknown>>;
  /** Writes what it needs into `data`, and says what to run. */
  start(place: AppPlace): StartCommand | Promise<StartCommand>;
}
