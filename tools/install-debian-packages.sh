#!/usr/bin/env bash
# Installs the Debian packages that tests and benchmarks use and that are missing. Without root it says what is missing.
# Tests that need a program which is not there are skipped, each with the reason; none of this is needed to run Portico.
# Packages named as arguments are installed instead of the list below: real applications beyond those that CI visits.
set -euo pipefail

packages=(
  python3         # runs the HTTP/1.1 conformance corpus
  curl            # a client that is not ours
  openssl         # makes certificates for tests
  nginx           # backend and yardstick of the benchmarks, interop
  haproxy         # benchmarks, interop
  apache2         # benchmarks, interop
  lighttpd        # benchmarks, interop
  lighttpd-mod-openssl # importers: configurations with TLS
  caddy           # benchmarks
  wrk             # the load of the benchmarks
  nghttp2-client  # h2load: HTTP/2 load and requests
  python3-twisted # interop: the original VHostMonsterResource
  chromium        # browser tests: the run-time shim, real applications, WebSockets
  firefox-esr     # browser tests: the run-time shim
  pebble          # a certificate authority that speaks ACME, with its challenge server
  libnss3-tools   # certutil: the authorities that browsers trust
  php-cli         # runs the PHP applications of the browser tests
  php-xml         # needed by DokuWiki
  iproute2        # a network of its own for the rewriting corpus, with the ports that it names
  dokuwiki        # a PHP application of the browser tests
)

[ $# -eq 0 ] || packages=("$@")

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# A mirror that stumbles is asked again; another program that holds the lock of the packages is waited for.
install=(apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends)
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "Missing for some tests and benchmarks: ${missing[*]}" >&2
  echo "As root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 0
fi

# The servers are started by tests on ports of their own: no service may start because it was installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# The lists of packages are fetched only if the installation fails without them.
"${install[@]}" "${missing[@]}" || { apt-get -o Acquire::Retries=3 update && "${install[@]}" "${missing[@]}"; } && exit 0

# One that a mirror does not have, or has broken, is no reason to do without the others: tests say what they miss.
for package in "${missing[@]}"; do
  is_installed "$package" || "${install[@]}" "$package" || echo "Not to be had here: $package" >&2
done
