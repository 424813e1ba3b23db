// The requests of the corpus that Portico and llhttp read differently, what each makes of them, and why.

/** One difference. The texts are those of `Reading`. */
export interface Difference {
  readonly portico: string;
  readonly llhttp: string;
  readonly why: string;
}

/** Case id to difference. The test fails on one that is not here, and on one that is here and no longer so. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'rl-absolute-form': {
    portico: 'GET /c/rl-absolute-form?q=1, 1 headers, no body',
    llhttp: 'GET http://conf.test/c/rl-absolute-form?q=1, 1 headers, no body',
    why: 'A server takes the authority out of an absolute target (RFC 9112 §3.2.2); Node hands the target over as it is.',
  },
  'rl-absolute-empty-path': {
    portico: 'GET /?q=1, 1 headers, no body',
    llhttp: 'GET http://conf.test?q=1, 1 headers, no body',
    why: 'As above, and an empty path is sent on as / (RFC 9112 §3.2.1).',
  },
  'rl-asterisk-not-options': {
    portico: 'refused',
    llhttp: 'GET *, 1 headers, no body',
    why: 'The asterisk belongs to OPTIONS alone (RFC 9112 §3.2.4); llhttp knows which characters a target has, not its form.',
  },
  'rl-http09': {
    portico: 'refused',
    llhttp: 'GET /c/rl-http09, 0 headers, no body',
    why: 'A request line has a version (RFC 9112 §3); llhttp still reads HTTP/0.9.',
  },
  'rl-version-major-2': {
    portico: 'refused',
    llhttp: 'GET /c/rl-version-major-2, 1 headers, no body',
    why: 'Another major version has another syntax: 505 (RFC 9110 §15.6.6); llhttp lets 2.0 pass.',
  },
  'rl-method-case': {
    portico: 'get /c/rl-method-case, 1 headers, no body',
    llhttp: 'refused',
    why: 'Any token is a method (RFC 9110 §9.1), passed on unchanged; llhttp knows a fixed list.',
  },
  'rl-method-overlong': {
    portico: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA...(2000) /c/rl-method-overlong, 1 headers, no body',
    llhttp: 'refused',
    why: 'As above: an unknown method is the concern of whoever is asked to carry it out.',
  },
  'rl-target-fragment': {
    portico: 'refused',
    llhttp: 'GET /c/rl-target-fragment#frag, 1 headers, no body',
    why: 'A fragment is part of no target form (RFC 9112 §3.2); two servers may cut it at different places.',
  },
  'host-duplicate': {
    portico: 'refused',
    llhttp: 'GET /c/host-duplicate, 2 headers, no body',
    why: 'More than one Host line gets 400 (RFC 9112 §3.2); Node only looks whether there is one.',
  },
  'host-duplicate-differs': {
    portico: 'refused',
    llhttp: 'GET /c/host-duplicate-differs, 3 headers, no body',
    why: 'As above; Node keeps the first and drops the second in silence.',
  },
  'host-empty': {
    portico: 'refused',
    llhttp: 'GET /c/host-empty, 1 headers, no body',
    why: 'An http URI has a host (RFC 9110 §4.2.1); Node does not parse the value.',
  },
  'host-inner-space': {
    portico: 'refused',
    llhttp: 'GET /c/host-inner-space, 1 headers, no body',
    why: 'An invalid Host value gets 400 (RFC 9112 §3.2); Node does not parse the value.',
  },
  'host-userinfo': {
    portico: 'refused',
    llhttp: 'GET /c/host-userinfo, 1 headers, no body',
    why: 'As above: Host has no userinfo (RFC 9110 §7.2).',
  },
  'host-ipv6-open': {
    portico: 'refused',
    llhttp: 'GET /c/host-ipv6-open, 1 headers, no body',
    why: 'As above: an IP literal ends in a bracket (RFC 3986 §3.2.2).',
  },
  'fr-te-unknown-then-chunked': {
    portico: 'refused',
    llhttp: 'POST /c/fr-te-unknown-then-chunked, 2 headers, chunked: 5 bytes',
    why: 'A coding that is not understood gets 501 (RFC 9112 §6.1); llhttp leaves it to the application.',
  },
  'fr-te-quoted': {
    portico: 'refused',
    llhttp: 'POST /c/fr-te-quoted, 2 headers, chunked: body refused',
    why: 'Both refuse; llhttp hands the head over first and refuses at the start of the body.',
  },
  'fr-te-empty-element': {
    portico: 'refused',
    llhttp: 'POST /c/fr-te-empty-element, 2 headers, chunked: 5 bytes',
    why: 'Every spelling but a plain chunked is refused, because odd ones exist to be read in two ways.',
  },
  'ch-trailer-forbidden': {
    portico: 'POST /c/ch-trailer-forbidden, 2 headers, chunked: 5 bytes',
    llhttp: 'POST /c/ch-trailer-forbidden, 2 headers, chunked: body refused',
    why: 'Trailers that may not be there are left out when the message goes on (RFC 9110 §6.5.1); llhttp refuses framing lines in trailers.',
  },
  'bl-head-refused': {
    portico: 'refused',
    llhttp: 'HEAD /c/bl-head-refused, 2 headers, no body',
    why: 'Two Host lines, as above.',
  },
  'up-connect-path': {
    portico: 'refused',
    llhttp: 'CONNECT /c/up-connect-path, 1 headers, no body',
    why: 'CONNECT takes the authority form alone (RFC 9112 §3.2.3).',
  },
  'ka-close-odd-spelling': {
    portico: 'GET /c/ka-close-odd-spelling, 2 headers, no body',
    llhttp: 'GET /c/ka-close-odd-spelling, 2 headers, no body; refused',
    why: 'Neither serves what stands behind Connection: close; we drop it, llhttp calls it an error, which may cost the answer.',
  },
  'pa-above-root': {
    portico: 'refused',
    llhttp: 'GET /../../c/pa-above-root, 1 headers, no body',
    why: 'A dot segment could leave the mount it was routed by; browsers resolve them first. llhttp does not read paths.',
  },
  'pa-backslash': {
    portico: 'refused',
    llhttp: 'GET /c\\x\\..\\pa-backslash, 1 headers, no body',
    why: 'No URI has a backslash, and some servers take it for a slash. llhttp does not read paths.',
  },
  'pa-encoded-nul': {
    portico: 'refused',
    llhttp: 'GET /c/pa-encoded-nul%00.txt, 1 headers, no body',
    why: 'llhttp does not look into escapes; an encoded NUL (or line end) in a path only serves to end a string early behind us',
  },
};
