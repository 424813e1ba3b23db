// Applications from Debian packages, with the settings that let each run from a folder of its own without a fixed port.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RealApplication, StartCommand } from './application.ts';

/** PHP's own server for a folder of scripts. Two workers: pages ask for more while one is made. */
function php(port: number, root: string, options: Partial<StartCommand> = {}): StartCommand {
  const { args = [], env = {} } = options;
  return {
    command: 'php',
    args: [...args, '-S', `127.0.0.1:${port}`, '-t', root],
    env: { PHP_CLI_SERVER_WORKERS: '2', ...env },
  };
}

/** In the order of the table. */
export const debianApplications: readonly RealApplication[] = [
  {
    name: 'dokuwiki',
    covers: 'PHP, CSS and scripts made by PHP with root-relative URLs in them',
    debian: ['dokuwiki', 'php-cli', 'php-xml'],
    path: '/doku.php',
    shows: 'DokuWiki',
    click: { selector: 'a[href*="do=recent"]', shows: 'Recent Changes' },
    start: ({ port, data }) => {
      const settings = writeDokuwikiSettings(data);
      return php(port, '/usr/share/dokuwiki', { args: ['-d', `auto_prepend_file=${settings}`] });
    },
  },
  {
    name: 'phpmyadmin',
    covers: 'control: PHP, relative URLs, cookies',
    debian: ['phpmyadmin', 'php-cli'],
    path: '/',
    shows: 'Welcome to phpMyAdmin',
    start: ({ port, data }) => php(port, '/usr/share/phpmyadmin', { args: ['-d', `session.save_path=${data}`] }),
  },
  {
    name: 'mediawiki',
    covers: 'PHP, absolute URLs from its configuration, root-relative load.php',
    debian: ['mediawiki', 'php-cli', 'php-sqlite3', 'php-mbstring', 'php-intl'],
    path: '/index.php/Main_Page',
    shows: 'MediaWiki has been installed',
    click: { selector: 'a[href*="Special:SpecialPages"]', shows: 'Maintenance reports' },
    start: ({ port, data }) => {
      installMediawiki(port, data);
      const env = { MW_CONFIG_FILE: join(data, 'LocalSettings.php') };
      return php(port, '/usr/share/mediawiki', { args: ['-d', 'error_reporting=0'], env });
    },
  },
  {
    name: 'cgit',
    covers: 'CGI with a virtual root, root-relative links',
    debian: ['cgit', 'lighttpd', 'git'],
    path: '/',
    shows: 'demo.git',
    click: { selector: 'a[href*="demo.git"]', shows: 'first' },
    start: ({ port, data }) => {
      makeGitRepository(join(data, 'repositories', 'demo.git'), data);
      writeFileSync(join(data, 'cgitrc'), cgitSettings(data));
      writeFileSync(join(data, 'lighttpd.conf'), lighttpdForCgit(port, data));
      return { command: '/usr/sbin/lighttpd', args: ['-D', '-f', join(data, 'lighttpd.conf')] };
    },
  },
  {
    name: 'transmission-daemon',
    covers: 'relative interface, root-relative redirect, handshake with 409',
    debian: ['transmission-daemon'],
    path: '/transmission/web/',
    shows: 'Transfers',
    // It answers 421 to names that it was not told (against DNS rebinding).
    mount: { host: 'upstream' },
    start: ({ port, data }) => ({
      command: 'transmission-daemon',
      args: [
        '-f',
        '-g',
        data,
        '-p',
        String(port),
        '-r',
        '127.0.0.1',
        '-T',
        '--no-portmap',
        '-P',
        '0',
        '-M',
        '-O',
        '-Y',
      ],
    }),
  },
  {
    name: 'haproxy-stats',
    covers: 'root-relative links and forms',
    debian: ['haproxy'],
    path: '/',
    shows: 'Statistics Report',
    start: ({ port, data }) => {
      writeFileSync(join(data, 'haproxy.cfg'), haproxySettings(port));
      return { command: '/usr/sbin/haproxy', args: ['-db', '-f', join(data, 'haproxy.cfg')] };
    },
  },
  {
    name: 'prometheus',
    covers: 'redirects, script that is told its prefix by a root-relative string',
    debian: ['prometheus'],
    path: '/',
    shows: 'Prometheus',
    click: { selector: 'a[href$="/classic/alerts"]', shows: 'No alerting rules defined' },
    start: ({ port, data }) => {
      writeFileSync(join(data, 'prometheus.yml'), 'global:\n  scrape_interval: 15s\nscrape_configs: []\n');
      const flags = [
        `--config.file=${join(data, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(data, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ];
      return { command: 'prometheus', args: flags };
    },
  },
  {
    name: 'radicale',
    covers: 'WebDAV with an interface, root-relative redirect',
    debian: ['radicale'],
    path: '/.web/',
    shows: 'Login',
    start: ({ port, data }) => {
      const settings = `[server]\nhosts = 127.0.0.1:${port}\n[auth]\ntype = none\n[storage]\nfilesystem_folder = ${data}\n`;
      writeFileSync(join(data, 'radicale.conf'), settings);
      return { command: 'radicale', args: ['-C', join(data, 'radicale.conf')] };
    },
  },
  {
    name: 'hgweb',
    covers: 'root-relative links and assets, server-rendered',
    debian: ['mercurial'],
    path: '/',
    shows: 'first',
    click: { selector: 'a[href*="/graph/"]', shows: 'graph' },
    start: ({ port, data }) => {
      const repository = join(data, 'demo');
      mkdirSync(repository);
      writeFileSync(join(repository, 'hello.txt'), 'hello\n');
      const run = (...args: string[]) =>
        execFileSync('hg', args, { cwd: repository, env: { ...process.env, HOME: data } });
      run('init');
      run('commit', '-A', '-m', 'first', '-u', 'demo', '-d', '0 0');
      return {
        command: 'hg',
        args: ['serve', '-a', '127.0.0.1', '-p', String(port), '-R', repository],
        env: { HOME: data },
      };
    },
  },
  {
    name: 'http.server',
    covers: 'control: static pages and folder listings',
    debian: ['python3'],
    path: '/',
    shows: 'Directory listing',
    click: { selector: 'a[href*="guide"]', shows: 'A page' },
    start: ({ port, folder }) => ({
      command: 'python3',
      args: ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '-d', folder],
    }),
  },
];

/** DokuWiki's settings in a folder of this run: a copy of Debian's, with our own on top. Answers the script that names it. */
function writeDokuwikiSettings(data: string): string {
  const settings = join(data, 'conf');
  mkdirSync(settings);
  for (const name of readdirSync('/etc/dokuwiki').filter((file) => isReadable(join('/etc/dokuwiki', file))))
    cpSync(join('/etc/dokuwiki', name), join(settings, name), { dereference: true });
  const pages = [
    'pages',
    'attic',
    'media',
    'media_attic',
    'media_meta',
    'meta',
    'cache',
    'index',
    'locks',
    'tmp',
    'log',
  ];
  for (const name of pages) mkdirSync(join(data, 'wiki', name), { recursive: true });
  writeFileSync(join(data, 'wiki', 'pages', 'start.txt'), '====== DokuWiki ======\nA page with a [[second]] one.\n');
  const local = `<?php\n$conf['title'] = 'DokuWiki';\n$conf['useacl'] = 0;\n$conf['savedir'] = '${join(data, 'wiki')}';\n`;
  writeFileSync(join(settings, 'local.php'), local);
  const prepended = join(data, 'prepend.php');
  writeFileSync(prepended, `<?php define('DOKU_CONF', '${settings}/');\n`);
  return prepended;
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function installMediawiki(port: number, data: string): void {
  const script = '/usr/share/mediawiki/maintenance/install.php';
  const server = `http://127.0.0.1:${port}`;
  const settings = ['--dbtype', 'sqlite', '--dbpath', data, '--confpath', data, '--server', server, '--scriptpath', ''];
  const account = ['--pass', 'portico-demo-password', 'Demo', 'Admin'];
  execFileSync('php', [script, ...settings, ...account], { stdio: 'pipe' });
}

function makeGitRepository(bare: string, home: string): void {
  const work = join(home, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'hello.txt'), 'hello\n');
  const identity = ['-c', 'user.name=demo', '-c', 'user.email=demo@example.com'];
  const run = (...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: work, env: { ...process.env, HOME: home }, stdio: 'pipe' });
  run('init', '-q', '-b', 'main');
  run('add', '.');
  run('commit', '-q', '-m', 'first');
  run('clone', '-q', '--bare', work, bare);
}

function cgitSettings(data: string): string {
  return `virtual-root=/\ncss=/cgit.css\nlogo=/cgit.png\nscan-path=${join(data, 'repositories')}\n`;
}

function lighttpdForCgit(port: number, data: string): string {
  return `server.modules = ( "mod_alias", "mod_cgi", "mod_setenv", "mod_rewrite" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "/usr/share/cgit"
mimetype.assign = ( ".css" => "text/css", ".png" => "image/png", ".ico" => "image/x-icon" )
setenv.add-environment = ( "CGIT_CONFIG" => "${join(data, 'cgitrc')}" )
url.rewrite-once = ( "^/cgit\\.(css|png)" => "$0", "^/favicon\\.ico" => "$0", "^/([^?]*)(\\?.*)?$" => "/cgit.cgi/$1$2" )
alias.url = ( "/cgit.cgi" => "/usr/lib/cgit/cgit.cgi" )
cgi.assign = ( "cgit.cgi" => "" )
`;
}

function haproxySettings(port: number): string {
  return `defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
listen statistics
  bind 127.0.0.1:${port}
  stats enable
  stats uri /
  stats admin if TRUE
  server one 127.0.0.1:1
`;
}
