// The real servers on the fixtures: files written to the disk, ports replaced by free ones, configurations checked and run.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ForeignLanguage } from '../../src/config/importers/importer.ts';
import type { Owner } from '../kit/at-end.ts';
import { atEnd } from '../kit/at-end.ts';
import { type Program, programPath } from '../kit/debian.ts';
import { freePort } from '../kit/free-ports.ts';
import { type RunningProcess, startProcess } from '../kit/process.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { FIXTURE_DIR, type Fixture } from './fixtures.ts';

/** The program that reads each language. */
export const PROGRAMS: Readonly<Record<ForeignLanguage, Program>> = {
  lighttpd: 'lighttpd',
  apache: 'apache2',
  nginx: 'nginx',
};

/** A fixture on the disk. */
export interface WrittenFixture {
  readonly fixture: Fixture;
  readonly folder: string;
  /** The configuration as the fixture has it, for us. */
  readonly file: string;
  /** The configuration for the real server: that file, with what its installation brings around it. */
  readonly serverFile: string;
  /** The free port for each port that the fixture listens on. */
  readonly ports: ReadonlyMap<number, number>;
}

/** How a configuration says where it listens; the second group is the port. */
const LISTEN: Readonly<Record<ForeignLanguage, RegExp>> = {
  lighttpd: /^(\s*(?:server\.port\s*=\s*|\$SERVER\["socket"\] == "[^"]*?:?))(\d+)/gm,
  apache: /^(\s*(?:Listen\s+(?:\S*:)?|<VirtualHost [^>]*?:))(\d+)(?=\s|>|$| )/gm,
  nginx: /(\blisten\s+(?:[^;\s]*:)?)(\d+)(?=[\s;])/g,
};

/** The backends of the fixtures, by the port that they have there. */
export type Backends = ReadonlyMap<number, number>;

/** Writes a fixture into a new folder, with free ports. */
export async function writeFixture(owner: Owner, fixture: Fixture, backends: Backends): Promise<WrittenFixture> {
  const folder = tempFolder(owner);
  // Servers give up being root, and still have to read it.
  chmodSync(folder, 0o755);
  const ports = new Map<number, number>();
  for (const text of fixture.files.values()) {
    for (const [, , port] of text.matchAll(LISTEN[fixture.language])) {
      if (!ports.has(Number(port))) ports.set(Number(port), await freePort());
    }
  }
  const place = (text: string) =>
    replaceBackends(replacePorts(fixture, text, ports), backends).replaceAll(FIXTURE_DIR, folder);
  for (const [name, text] of fixture.files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), place(text));
  }
  for (const text of fixture.files.values()) makeMentioned(folder, text);
  const file = join(folder, fixture.main.slice(FIXTURE_DIR.length + 1));
  if ([...fixture.files.values()].some((text) => text.includes('/example.pem'))) makeCertificate(folder);
  return { fixture, folder, file, serverFile: wrap(fixture, folder, file), ports };
}

/** Gives every folder that a configuration names the same kind of content. */
export function writeFolders(folder: string, { files }: Fixture, roots: readonly string[]): void {
  const mentioned = new Set(
    [...files.values()].flatMap((text) =>
      [...text.matchAll(/\/DIR\/([\w/-]+)(?![\w./-])/g)].map(([, name = '']) => name),
    ),
  );
  const names = new Set([...mentioned, ...roots]);
  for (const name of names) {
    const root = join(folder, name);
    if (existsSync(root) && !statSync(root).isDirectory()) continue;
    for (const inner of ['', 'sub', 'docs', 'static', 'files', 'download']) {
      mkdirSync(join(root, inner), { recursive: true });
      writeFileSync(join(root, inner, 'hello.txt'), `hello from ${join(name, inner)}`);
      writeFileSync(join(root, inner, 'index.html'), `index of ${join(name, inner)}`);
    }
    writeFileSync(join(root, 'style.css'), `style of ${name}`);
    writeFileSync(join(root, 'a b'), `name with a space in ${name}`);
    writeFileSync(join(root, '.hidden'), `hidden in ${name}`);
    for (const page of ['404.html', '50x.html']) writeFileSync(join(root, page), `page ${page} of ${name}`);
  }
}

/** Folders and files that a configuration names: some servers look whether they are there. */
function makeMentioned(folder: string, text: string): void {
  for (const [, name = ''] of text.matchAll(/\/DIR\/([\w/-]+(?:\.\w+)?)/g)) {
    const path = join(folder, name);
    if (existsSync(path) || /\.(?:pem|key)$/.test(name)) continue;
    if (!/\.\w+$/.test(name)) mkdirSync(path, { recursive: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    }
  }
}

function replacePorts({ language }: Fixture, text: string, ports: ReadonlyMap<number, number>): string {
  const replaced = text.replace(LISTEN[language], (_, before: string, port: string) => {
    return `${onLoopback(language, before)}${ports.get(Number(port))}`;
  });
  // A second address of the same section: `<VirtualHost 127.0.0.1:80 [::1]:80>`.
  return replaced.replace(/^(<VirtualHost .*\]:)80>/gm, (_, before: string) => `${before}${ports.get(80)}>`);
}

function replaceBackends(text: string, backends: Backends): string {
  return text.replace(
    /((?:127\.0\.0\.\d|localhost|::1\])(?::|", "port" => |",\s+"port" => )|var\.port = )(80\d\d)\b/g,
    (whole, before: string, port: string) => {
      const real = backends.get(Number(port));
      return real === undefined ? whole : `${before}${real}`;
    },
  );
}

/** Listeners of tests are on the loopback addresses only. */
function onLoopback(language: ForeignLanguage, before: string): string {
  if (language === 'nginx')
    return before.replace(
      /(listen\s+)(\[?)[^;\s]*$/,
      (_, word: string, bracket: string) => `${word}${bracket === '' ? '127.0.0.1:' : '[::1]:'}`,
    );
  if (language === 'apache') return before.replace(/^(\s*Listen\s+).*$/, '$1127.0.0.1:');
  const bound = before.replace(/^(\s*)server\.port/, '$1server.bind = "127.0.0.1"\n$1server.port');
  return bound.replace(/== ":$/, '== "127.0.0.1:');
}

/** The line that takes a check of the real server. */
export function checkCommand({
  fixture,
  folder,
  serverFile,
}: WrittenFixture): readonly [command: string, args: string[]] {
  const command = programPath(PROGRAMS[fixture.language]);
  if (fixture.language === 'lighttpd') return [command, ['-tt', '-f', serverFile]];
  if (fixture.language === 'apache') return [command, ['-t', '-f', serverFile]];
  return [command, ['-t', '-p', folder, '-c', serverFile, '-g', nginxGlobals(folder)]];
}

/** The variables of the environment that fixtures refer to. */
export function serverEnvironment(folder: string): Readonly<Record<string, string>> {
  return { SITE: 'site', APACHE_LOG_DIR: folder };
}

/** Starts the real server and waits until it listens. Stopped when the owner is done. */
export async function startServer(owner: Owner, written: WrittenFixture): Promise<RunningProcess> {
  const { fixture, folder, serverFile } = written;
  const command = programPath(PROGRAMS[fixture.language]);
  const args: Readonly<Record<ForeignLanguage, string[]>> = {
    lighttpd: ['-D', '-f', serverFile],
    apache: ['-DFOREGROUND', '-f', serverFile],
    nginx: ['-p', folder, '-c', serverFile, '-g', `daemon off; ${nginxGlobals(folder)}`],
  };
  const ready: Readonly<Record<ForeignLanguage, RegExp>> = {
    lighttpd: /server started/,
    apache: /resuming normal operations/,
    nginx: /start worker process /,
  };
  const running = startProcess(owner, command, args[fixture.language], {
    cwd: folder,
    env: serverEnvironment(folder),
    name: PROGRAMS[fixture.language],
  });
  // Asked to stop before it is killed: its workers would outlive it.
  atEnd(owner, () => running.stop('SIGTERM'));
  await running.untilOutput(ready[fixture.language]);
  return running;
}

function nginxGlobals(folder: string): string {
  return `pid ${join(folder, 'nginx.pid')}; error_log stderr notice; worker_processes 1;`;
}

/** What an installation has around the part of a configuration that fixtures show. */
function wrap({ language, options }: Fixture, folder: string, file: string): string {
  if (language === 'lighttpd') return file;
  const wrapper = join(folder, `real-${language}.conf`);
  if (language === 'apache') writeFileSync(wrapper, apacheWrapper(folder, file));
  else writeFileSync(wrapper, nginxWrapper(folder, file, options.has('fragment')));
  return wrapper;
}

const APACHE_MODULES =
  'mpm_event authz_core authz_host authz_user authn_core authn_file auth_basic auth_digest access_compat dir mime alias autoindex rewrite proxy proxy_http proxy_ajp proxy_fcgi proxy_balancer slotmem_shm lbmethod_byrequests lbmethod_bybusyness headers expires env setenvif macro ssl socache_shmcb status cgid env filter';

function apacheWrapper(folder: string, file: string): string {
  // Without one of its own a host would serve what the installation has.
  mkdirSync(join(folder, 'no-files'));
  const modules = [...new Set(APACHE_MODULES.split(' '))];
  const isRoot = process.getuid?.() === 0;
  return [
    `ServerRoot "${folder}"`,
    `DefaultRuntimeDir "${folder}"`,
    `PidFile "${join(folder, 'pid')}"`,
    'ErrorLog "|/bin/cat"',
    'LogLevel warn mpm_event:notice core:notice',
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    'ServerName front.invalid',
    `DocumentRoot "${join(folder, 'no-files')}"`,
    'TypesConfig /etc/mime.types',
    `Include "${file}"`,
    '',
  ].join('\n');
}

function nginxWrapper(folder: string, file: string, isFragment: boolean): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const lines = [
    ...kinds.map((kind) => `${kind}_temp_path ${join(folder, `temp-${kind}`)};`),
    'access_log off;',
    `include ${join(folder, 'types.conf')};`,
  ].join('\n');
  writeFileSync(join(folder, 'types.conf'), 'types { text/html html htm; text/css css; text/plain txt; }\n');
  if (isFragment) return `events { }\nhttp {\n${lines}\ninclude ${file};\n}\n`;
  return readFileSync(file, 'utf8').replace(/^http \{/m, `http {\n${lines}`);
}

function makeCertificate(folder: string): void {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=example.com',
    '-addext',
    `subjectAltName=${['example.com', '*.example.com', 'a.example'].map((name) => `DNS:${name}`).join(',')}`,
  ];
  execFileSync(
    programPath('openssl'),
    [...args, '-keyout', join(folder, 'example.key'), '-out', join(folder, 'example.pem')],
    { stdio: 'ignore' },
  );
}
