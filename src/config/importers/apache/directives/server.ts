// Virtual hosts, listeners, certificates and limits, and everything that a proxy does not need.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';

/** The directives of this file, and those of modules that have no file of their own. */
export const SERVER_ROWS: readonly DirectiveRow[] = [
  ...translated('<VirtualHost> ServerName ServerAlias', 'the key of the site'),
  ...translated('Listen', 'listen'),
  ...translated(
    '<Location> <LocationMatch>',
    'the key of the mount',
    'patterns that are no subtrees or exact paths are reported',
  ),
  ...translated('Redirect RedirectPermanent RedirectTemp RedirectMatch', 'redirect, respond'),
  ...translated(
    'RewriteEngine RewriteRule RewriteCond',
    'redirect, respond, the base of proxy or files',
    'where they replace a prefix',
  ),
  ...translated(
    'SSLEngine SSLCertificateFile SSLCertificateKeyFile',
    'tls',
    'where there is that feature; an error otherwise',
  ),
  ...translated('RemoteIPInternalProxy RemoteIPTrustedProxy', 'trust'),
  ...translated('CustomLog', 'log', 'lines of a form of their own become combined ones'),
  ...translated('KeepAliveTimeout', 'timeouts.idle'),
  ...translated('Timeout', 'timeouts.body, timeouts.response'),
  ...translated('LimitRequestLine', 'limits.target'),
  ...translated('LimitRequestFields', 'limits.headers'),
  ...translated(
    'Define UnDefine Include IncludeOptional LoadModule ServerRoot Use UndefMacro <Macro> <IfModule> <IfDefine> <IfVersion> <IfFile> <IfDirective> <IfSection>',
    'nothing',
    'they are followed while the file is read',
  ),
  ...unneeded(
    'RemoteIPHeader RemoteIPProxiesHeader RemoteIPInternalProxyList RemoteIPTrustedProxyList',
    'trust decides for all forwarding headers together',
  ),
  ...unneeded(
    'User Group PidFile DefaultRuntimeDir Mutex ServerLimit ThreadsPerChild ThreadLimit MaxRequestWorkers MaxConnectionsPerChild StartServers MinSpareThreads MaxSpareThreads MinSpareServers MaxSpareServers AsyncRequestWorkerFactor ListenBacklog ListenCoresBucketsRatio ReceiveBufferSize SendBufferSize ScoreBoardFile CoreDumpDirectory GracefulShutdownTimeout MaxMemFree ThreadStackSize LoadFile RLimitCPU RLimitMEM RLimitNPROC UnixDaemon ChrootDir',
    'it is a matter of the service manager or of the program itself',
  ),
  ...unneeded(
    'ServerAdmin ServerSignature ServerTokens ServerPath TraceEnable UseCanonicalName UseCanonicalPhysicalPort HostnameLookups IdentityCheck HttpProtocolOptions Protocols ProtocolsHonorOrder MergeSlashes AllowEncodedSlashes QualifyRedirectURL RegexDefaultOptions StrictHostCheck KeepAlive MaxKeepAliveRequests LimitRequestFieldSize LimitInternalRecursion LimitXMLRequestBody AcceptFilter NameVirtualHost RequestReadTimeout RewriteBase H2Direct H2Push H2MaxSessionStreams H2StreamMaxMemSize H2WindowSize H2Upgrade H2MinWorkers H2MaxWorkers H2EarlyHints H2ModernTLSOnly H2SerializeHeaders H2OutputBuffering',
    'the defaults here do the right thing',
  ),
  ...unneeded(
    'ErrorLog ErrorLogFormat LogLevel LogFormat TransferLog GlobalLog ForensicLog BufferedLogs ExtendedStatus',
    'the log goes to standard output; see log in the manual',
  ),
  ...unneeded(
    'SSLProtocol SSLCipherSuite SSLHonorCipherOrder SSLCompression SSLSessionCache SSLSessionCacheTimeout SSLSessionTickets SSLUseStapling SSLStaplingCache SSLStaplingResponderTimeout SSLStaplingReturnResponderErrors SSLRandomSeed SSLOptions SSLOpenSSLConfCmd SSLInsecureRenegotiation SSLStrictSNIVHostCheck SSLPassPhraseDialog SSLCryptoDevice SSLFIPS SSLSessionTicketKeyFile',
    'TLS uses the safe settings of Node.js',
  ),
  ...unneeded(
    'ReadBufferSize FlushMaxPipelined FlushMaxThreshold ListenTCPDeferAccept MaxClients MaxRequestsPerChild MaxRanges MaxRangeOverlaps MaxRangeReversals MergeTrailers Port Protocol RedirectRelative RegisterHttpMethod AliasPreservePath SeeRequestTail WatchdogInterval LogIOTrackTTFB Suexec CGIVar MacroIgnoreBadNesting MacroIgnoreEmptyArgs H2CopyFiles H2EarlyHint H2MaxDataFrameLen H2MaxHeaderBlockLen H2MaxStreamErrors H2MaxWorkerIdleSeconds H2Padding H2ProxyRequests H2PushDiarySize H2PushPriority H2PushResource H2SessionExtraFiles H2StreamTimeout H2TLSCoolDownSecs H2TLSWarmUpSize H2WebSockets',
    'the defaults here do the right thing',
  ),
  ...unneeded(
    'SSLLog SSLLogLevel SSLRenegBufferSize SSLVHostSNIPolicy SSLStaplingErrorCacheTimeout SSLStaplingFakeTryLater SSLStaplingForceURL SSLStaplingResponseMaxAge SSLStaplingResponseTimeSkew SSLStaplingStandardCacheTimeout',
    'TLS uses the safe settings of Node.js',
  ),
  ...missing('Error', 'error', 'the original refuses to start with this line', 'find out what it warns about'),
  ...missing(
    'SSLCADNRequestPath SSLOCSPEnable SSLOCSPDefaultResponder SSLOCSPNoVerify SSLOCSPOverrideResponder SSLOCSPProxyURL SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout SSLOCSPResponseMaxAge SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce SSLSRPUnknownUserSeed SSLSRPVerifierFile',
    'error',
    'clients are not asked for a certificate or a password in the handshake',
    'leave such a site to a server that checks them',
  ),
  ...missing(
    'SSLCertificateChainFile',
    'warning',
    'the chain belongs into the file of the certificate',
    'append it there',
  ),
  ...missing(
    'SSLVerifyClient SSLVerifyDepth SSLCACertificateFile SSLCACertificatePath SSLCARevocationFile SSLCARevocationCheck SSLCARevocationPath SSLCADNRequestFile SSLRequire SSLRequireSSL SSLUserName',
    'error',
    'client certificates are not asked for, so everybody would get in',
    'leave such a site to a server that checks them',
  ),
  ...missing(
    'RemoteIPProxyProtocol RemoteIPProxyProtocolExceptions',
    'error',
    'the PROXY protocol is not spoken on this listener',
    'let the proxy in front send X-Forwarded-For',
  ),
  ...missing(
    '<Files> <FilesMatch>',
    'warning',
    'names of files do not choose settings',
    'use files.cache with endings, and keep out of the root what nobody shall see',
  ),
  ...missing('<If> <ElseIf> <Else>', 'error', 'expressions are not asked', 'say it with sites and mounts'),
  ...missing(
    'RewriteMap RewriteOptions',
    'warning',
    'maps and inheritance of rules are not read',
    'write the rules out',
  ),
  ...missing(
    '<ProxyMatch> <AuthnProviderAlias> <AuthzProviderAlias>',
    'warning',
    'this section has no equal',
    'see what is in it',
  ),
  ...missing(
    'MDomain MDCertificateAgreement MDContactEmail MDomainSet <MDomainSet>',
    'warning',
    'certificates are ordered in another way here',
    'see tls in the manual',
  ),
];
