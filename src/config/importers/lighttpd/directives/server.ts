// Listeners, certificates, logs and limits of the whole server, and everything that a proxy does not need.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';

/** The directives of this file, and those of modules that have no file of their own. */
export const SERVER_ROWS: readonly DirectiveRow[] = [
  ...translated('server.port server.bind server.use-ipv6', 'listen'),
  ...translated('ssl.engine ssl.pemfile ssl.privkey', 'tls', 'where there is that feature; an error otherwise'),
  ...translated('server.max-request-size', 'limits.body'),
  ...translated('server.max-connections', 'limits.connections'),
  ...translated('server.max-request-field-size', 'limits.head'),
  ...translated('server.max-keep-alive-idle', 'timeouts.idle'),
  ...translated('server.max-read-idle', 'timeouts.body'),
  ...translated('server.max-write-idle', 'timeouts.response'),
  ...translated('extforward.forwarder', 'trust'),
  ...translated('accesslog.filename', 'log', 'lines of a form of their own become combined ones'),
  ...translated('url.access-deny', 'respond: 403', 'where it denies everything; endings of paths are reported'),
  ...translated('server.modules', 'nothing', 'what is loaded is read from the other directives'),
  ...unneeded(
    'server.username server.groupname server.chroot server.pid-file server.core-files server.upload-dirs server.max-fds server.max-worker server.event-handler server.network-backend server.listen-backlog server.defer-accept server.bsd-accept-filter server.set-v6only server.v4mapped server.socket-perms server.ip-transparent server.systemd-socket-activation server.compat-module-load server.graceful-restart-bg server.chunkqueue-chunk-sz server.upload-temp-file-size server.preflight-check',
    'it is a matter of the service manager or of the program itself',
  ),
  ...unneeded(
    'server.tag server.name server.feature-flags server.h2proto server.h2c server.protocol-http11 server.reject-expect-100-with-417 server.absolute-dir-redirect server.max-keep-alive-requests server.stream-request-body server.stream-response-body request.trailer-whitelist',
    'the defaults here do the right thing',
  ),
  ...unneeded(
    'server.errorlog server.errorlog-use-syslog server.breakagelog accesslog.format accesslog.escaping accesslog.use-syslog accesslog.syslog-level debug.log-condition-handling debug.log-file-not-found debug.log-request-handling debug.log-request-header debug.log-request-header-on-error debug.log-response-header debug.log-ssl-noise debug.log-state-handling debug.log-timeouts server.syslog-facility',
    'the log goes to standard output; see log in the manual',
  ),
  ...unneeded(
    'server.http-parseopts server.http-parseopt-header-strict server.http-parseopt-host-strict server.http-parseopt-host-normalize',
    'requests are checked strictly, and paths reach the backend as the client wrote them',
  ),
  ...unneeded(
    'extforward.headers extforward.params extforward.hap-PROXY',
    'trust decides for all forwarding headers together',
  ),
  ...unneeded(
    'ssl.cipher-list ssl.openssl.ssl-conf-cmd ssl.disable-client-renegotiation ssl.read-ahead ssl.stek-file ssl.stapling-file ssl.honor-cipher-order ssl.dh-file ssl.ec-curve ssl.use-sslv2 ssl.use-sslv3 ssl.use-compression ssl.ech-opts ssl.ech-public-name ssl.ca-file ssl.ca-dn-file ssl.ca-crl-file ssl.acme-tls-1',
    'TLS uses the safe settings of Node.js',
  ),
  ...missing(
    'ssl.verifyclient.activate ssl.verifyclient.enforce ssl.verifyclient.ca-file ssl.verifyclient.ca-dn-file ssl.verifyclient.ca-crl-file ssl.verifyclient.depth ssl.verifyclient.exportcert ssl.verifyclient.username',
    'error',
    'client certificates are not asked for, so everybody would get in',
    'leave such a site to a server that checks them',
  ),
  ...missing(
    'url.access-allow',
    'error',
    'endings of paths do not decide who may ask',
    'mount the allowed paths by themselves',
  ),
  ...missing(
    'server.errorfile-prefix server.error-intercept',
    'warning',
    'error pages are not read from files named by status',
    'see error-pages in the manual',
  ),
  ...missing(
    'connection.kbytes-per-second server.kbytes-per-second',
    'warning',
    'the speed of a connection is not limited',
    'limit it in the network',
  ),
  ...missing(
    'auth.backend.plain.userfile auth.backend.plain.groupfile auth.backend.htdigest.userfile auth.backend.ldap.hostname auth.backend.ldap.base-dn auth.backend.ldap.bind-dn auth.backend.ldap.bind-pw auth.backend.ldap.ca-file auth.backend.ldap.filter auth.backend.ldap.groupmember auth.backend.ldap.starttls auth.backend.ldap.timeout auth.backend.ldap.allow-empty-pw auth.backend.gssapi.principal auth.backend.gssapi.store-creds auth.backend.pam.opts auth.backend.gssapi.keytab auth.backend.sasl.opts auth.backend.dbi auth.extern-authn auth.cache',
    'error',
    'passwords can only be checked with an htpasswd file here, so the mount would be open',
    'make an htpasswd file, or put a login in front',
  ),
  ...missing(
    'cgi.assign fastcgi.server scgi.server ajp13.server sockproxy.server wstunnel.server ssi.extension magnet.attract-raw-url-to magnet.attract-physical-path-to magnet.attract-response-start-to webdav.activate',
    'error',
    'this runs or speaks to something other than an HTTP server',
    'put an HTTP server before it and proxy to that',
  ),
  ...unneeded(
    'fastcgi.balance fastcgi.debug fastcgi.map-extensions scgi.balance scgi.debug scgi.map-extensions scgi.protocol cgi.execute-x-only cgi.limits cgi.local-redir cgi.upgrade cgi.x-sendfile cgi.x-sendfile-docroot sockproxy.balance sockproxy.debug wstunnel.balance wstunnel.debug wstunnel.frame-type wstunnel.map-extensions wstunnel.origins wstunnel.ping-interval ssi.conditional-requests ssi.content-type ssi.exec ssi.recursion-max webdav.is-readonly webdav.log-xml webdav.opts webdav.sqlite-db-name',
    'it belongs to a module that has no equal here',
  ),
  ...unneeded(
    'status.status-url status.config-url status.statistics-url status.enable-sort',
    'portico status shows that',
  ),
  ...unneeded('rrdtool.binary rrdtool.db-name', 'metrics are offered by the admin socket'),
  ...unneeded('maxminddb.activate maxminddb.db maxminddb.env', 'addresses are not looked up'),
];
