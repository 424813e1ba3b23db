// The tables of directives: every directive of the real Apache is in them, and no name is there twice.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ACCESS_ROWS } from '../../src/config/importers/apache/directives/access.ts';
import { FILES_ROWS } from '../../src/config/importers/apache/directives/files.ts';
import { PROXY_ROWS } from '../../src/config/importers/apache/directives/proxy.ts';
import { SERVER_ROWS } from '../../src/config/importers/apache/directives/server.ts';
import { TRAIT_ROWS } from '../../src/config/importers/apache/directives/traits.ts';
import { APACHE_DIRECTIVES, importApache } from '../../src/config/importers/apache/import.ts';
import { programPath, skipUnless } from '../kit/debian.ts';
import { tempFolder } from '../kit/temp-folder.ts';

/** The release that the tables were compared with last. */
const COMPARED_WITH = '2.4.68';

const MODULE_FOLDER = '/usr/lib/apache2/modules';
/** Modules that other programs of a server are run by, or that no configuration of a proxy has. */
const LEFT_OUT =
  /^(?:mpm_(?!event)|dbd|authn_db|authz_db|authnz|ldap|authn_socache|authnz_fcgi|lua|md|dav|cache_|file_cache|ident|imagemap|include|info|isapi|log_debug|log_forensic|mime_magic|ratelimit|reflector|request|sed|session|auth_form|slotmem_plain|socache_(?!shmcb)|speling|suexec|unique_id|usertrack|asis|actions|buffer|bucketeer|case_filter|cern_meta|charset_lite|data|dialup|dumpio|echo|example|ext_filter|heart|lbmethod_heartbeat|optional|privileges|proxy_(?:express|fdpass|ftp|connect|hcheck|scgi|uwsgi|http2)|systemd|userdir|cgi$)/;

test('every directive of Apache is known', { skip: skipUnless('apache2'), timeout: 120_000 }, (t) => {
  const folder = tempFolder(t);
  const modules = readdirSync(MODULE_FOLDER).flatMap((file) => /^mod_(\w+)\.so$/.exec(file)?.[1] ?? []);
  const loaded = modules.filter((name) => !LEFT_OUT.test(name));
  // Modules that need another one come behind it.
  loaded.sort(
    (a, b) => Number(/^(?:proxy_|lbmethod)/.test(a)) - Number(/^(?:proxy_|lbmethod)/.test(b)) || (a < b ? -1 : 1),
  );
  const lines = [
    `ServerRoot "${folder}"`,
    'ErrorLog "|/bin/cat"',
    ...loaded.map((name) => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`),
  ];
  const file = join(folder, 'modules.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { stdout } = spawnSync(programPath('apache2'), ['-L', '-f', file], { encoding: 'utf8' });
  const names = [...stdout.matchAll(/^(<?\w+>?) \(/gm)].map(([, name = '']) =>
    name.startsWith('<') ? `${name.replace('>', '')}>` : name,
  );
  assert.ok(names.length > 300, stdout.slice(0, 500));
  const known = new Set([...APACHE_DIRECTIVES.keys()].map((name) => name.toLowerCase()));
  const unknown = names.filter((name) => !known.has(name.toLowerCase()));
  const version = spawnSync(programPath('apache2'), ['-v'], { encoding: 'utf8' }).stdout;
  const [, release = ''] = /Apache\/(\d+\.\d+\.\d+)/.exec(version) ?? [];
  if (!isNewer(release)) {
    assert.deepEqual(unknown, []);
    return;
  }
  // Whoever imports such a configuration is told, until the tables know them too.
  for (const name of unknown) {
    t.diagnostic(`Apache ${release} has ${name}, which the tables of directives do not have yet`);
    const text = name.startsWith('<') ? `${name.replace('>', ' x>')}\n</${name.slice(1)}\n` : `${name} x\n`;
    const { diagnostics } = importApache(text, '/srv/httpd.conf', () => []);
    assert.ok(
      diagnostics.some(({ message }) => message.includes('not known')),
      `${name}: ${JSON.stringify(diagnostics)}`,
    );
  }
});

/** Whether a release of Apache is newer than what the tables were compared with. */
function isNewer(release: string): boolean {
  return release.localeCompare(COMPARED_WITH, 'en', { numeric: true }) > 0;
}

test('no directive of Apache is in the tables twice', () => {
  const names = [...PROXY_ROWS, ...FILES_ROWS, ...ACCESS_ROWS, ...TRAIT_ROWS, ...SERVER_ROWS].map(({ name }) =>
    name.toLowerCase(),
  );
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});
