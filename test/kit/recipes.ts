// The front configurations of the recipe and of its open questions, as they were run to make the tables in test/vhost-path/.
import type { FrontConfig } from './front-servers.ts';

/** The backend's port on the loopback address makes a configuration. */
export type Recipe = (backendPort: number) => FrontConfig;

/** The recipe's text with its single quotes repaired; lighttpd knows double ones only. */
export const lighttpdWholeHost: Recipe = (backendPort) => () =>
  `
$HTTP["host"] =~ "^(www.example.com)$" {
        url.rewrite-once = ("^/(.*)" => "/vhost/http/%0/$1")
        proxy.server = ( "" =>
                ( (
                "host" => "127.0.0.1",
                "port" => ${backendPort}
                ) )
        )
}`;

/** The recipe's second text: static files beside the application. */
export const lighttpdStaticSplit: Recipe = (backendPort) => (_, folder) =>
  `
$HTTP["host"] =~ "^(www.example.org)$" {
        url.rewrite-once = (
                "^/static/.*" => "$0",
                "^/(.*)" => "/vhost/http/%0/$1"
        )
        $HTTP["url"] !~ "^/static/" {
                proxy.server = ( "" =>
                        ( (
                        "host" => "127.0.0.1",
                        "port" => ${backendPort}
                        ) )
                )
        }
        server.document-root = "${folder}"
}`;

/** The recipe's Apache text; the address in its first line is any, because the name resolves nowhere. */
export const apacheWholeHost: Recipe = (backendPort) => (port) =>
  `
<VirtualHost *:${port}>
  ServerName unknown.invalid
</VirtualHost>
<VirtualHost *:${port}>
ProxyPass / http://127.0.0.1:${backendPort}/vhost/http/www.example.com/
ServerName www.example.com
</VirtualHost>`;

/** The whole host once more, with the form refused from clients; as docs/vhost-path.md has it. */
export const lighttpdHardened: Recipe = (backendPort) => () =>
  `
$HTTP["host"] == "www.example.com" {
  $HTTP["url"] =~ "^/vhost(?:/|$)" { url.access-deny = ( "" ) }
  proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backendPort} ) ) )
  proxy.header = ( "map-urlpath" => ( "/" => "/vhost/http/www.example.com/" ) )
}`;

/** The same with Apache. */
export const apacheHardened: Recipe = (backendPort) => (port) =>
  `
<VirtualHost *:${port}>
  ServerName www.example.com
  <LocationMatch "(?i)^/+vhost(/|$)">
    Require all denied
  </LocationMatch>
  ProxyPass / http://127.0.0.1:${backendPort}/vhost/http/www.example.com/
</VirtualHost>`;

/** No form at all: the backend has to go by headers. */
export const lighttpdHeadersOnly: Recipe = (backendPort) => () =>
  `proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backendPort} ) ) )`;

/** The same with Apache. */
export const apacheHeadersOnly: Recipe = (backendPort) => () => `ProxyPass / http://127.0.0.1:${backendPort}/`;

/** An application below /app of a static site: lighttpd with a path map. */
export const lighttpdBelowPathByMap: Recipe = (backendPort) => (_, folder) =>
  `
$HTTP["host"] == "www.example.net" {
  server.document-root = "${folder}"
  $HTTP["url"] =~ "^/app(?:/|$)" {
    proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backendPort} ) ) )
    proxy.header = ( "map-urlpath" => ( "/app" => "/vhost/http/www.example.net/app" ) )
  }
}`;

/** The same with a rewrite, and with the guard that keeps clients from writing the form themselves. */
export const lighttpdBelowPathByRewrite: Recipe = (backendPort) => (_, folder) =>
  `
$HTTP["host"] =~ "^(www\\.example\\.net)$" {
  server.document-root = "${folder}"
  url.rewrite-once = ( "^/vhost(?:[/?]|$)" => "/.denied",
                       "^/app(?:[/?]|$)"   => "/vhost/http/%0\${url.path}\${qsa}" )
  $HTTP["url"] =~ "^/vhost/"   { proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${backendPort} ) ) ) }
  $HTTP["url"] == "/.denied"   { url.access-deny = ( "" ) }
}`;

/** The same with Apache. */
export const apacheBelowPath: Recipe = (backendPort) => (port, folder) =>
  `
<VirtualHost *:${port}>
  ServerName www.example.net
  DocumentRoot "${folder}"
  ProxyPass /app http://127.0.0.1:${backendPort}/vhost/http/www.example.net/app
</VirtualHost>`;

/** What the static site around /app holds. */
export const SITE_FILES = {
  'index.html': 'static index',
  'hello.txt': 'static hello',
  'docs/index.html': 'static docs',
  'apparel/index.html': 'static apparel',
} as const;

/** What the project folder of the recipe's static split holds. */
export const PROJECT_FILES = {
  'settings.py': 'SECRET = 1',
  'static/index.html': 'static index',
  'static/x.css': 'body{color:red}',
  'static/a b.txt': 'a b',
  'static/sub/index.html': 'static sub',
} as const;
