// Real front servers for tests, each on a free loopback port: lighttpd and Apache httpd from Debian.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { atEnd, type Owner } from './at-end.ts';
import { programPath } from './debian.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { closedPort } from './scripted-upstream.ts';
import { tempFolder } from './temp-folder.ts';

/** A running front server. */
export interface FrontServer {
  readonly port: number;
  /** The folder that its configuration knew. */
  readonly folder: string;
  readonly process: RunningProcess;
}

/** Makes the site part of a configuration, given the port to listen on and a folder for documents. */
export type FrontConfig = (port: number, folder: string) => string;

/** Starts lighttpd with `config` behind the lines that every configuration needs. Stopped when the owner is done. */
export async function startLighttpd(owner: Owner, config: FrontConfig): Promise<FrontServer> {
  const { port, folder, file } = await prepare(owner);
  const text = `
server.modules = ( "mod_rewrite", "mod_redirect", "mod_access", "mod_proxy" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}"
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", "" => "text/plain" )
${config(port, folder)}
`;
  writeFileSync(file, text);
  const process = startProcess(owner, programPath('lighttpd'), ['-D', '-f', file], { cwd: folder, name: 'lighttpd' });
  await process.untilOutput(/server started/);
  return { port, folder, process };
}

/** Starts Apache httpd with `config` behind the lines that every configuration needs. Stopped when the owner is done. */
export async function startApache(owner: Owner, config: FrontConfig): Promise<FrontServer> {
  const { port, folder, file } = await prepare(owner);
  const modules = ['mpm_event', 'authz_core', 'dir', 'mime', 'alias', 'rewrite', 'proxy', 'proxy_http', 'headers'];
  const isRoot = globalThis.process.getuid?.() === 0;
  const text = `
ServerRoot "${dirname(file)}"
ServerName front.invalid
Listen 127.0.0.1:${port}
PidFile "${join(dirname(file), 'pid')}"
DefaultRuntimeDir "${dirname(file)}"
# Not /dev/stderr: that is a socket here, which cannot be opened by its name.
ErrorLog "|/bin/cat"
LogLevel warn mpm_event:notice core:notice
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${isRoot ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DirectoryIndex index.html
<Directory "${folder}">
  Require all granted
</Directory>
${config(port, folder)}
`;
  writeFileSync(file, text);
  const process = startProcess(owner, programPath('apache2'), ['-DFOREGROUND', '-f', file], { name: 'apache2' });
  // Asked to stop before it is killed: its workers would outlive it.
  atEnd(owner, () => process.stop('SIGTERM'));
  await process.untilOutput(/resuming normal operations/);
  return { port, folder, process };
}

/** Writes files below `folder`, making folders on the way. Readable for whatever user a server changes to. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function prepare(owner: Owner): Promise<{ port: number; folder: string; file: string }> {
  const base = tempFolder(owner);
  chmodSync(base, 0o755);
  const folder = join(base, 'documents');
  mkdirSync(folder);
  return { port: await closedPort(), folder, file: join(base, 'front.conf') };
}
