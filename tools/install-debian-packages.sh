#!/usr/bin/env bash
# Installs the Debian packages that tests need: real servers to compare with and to stand in front of or behind ours.
# As root it installs what is missing; otherwise it says what is missing and how to get it. Tests skip what is not there.
set -euo pipefail

packages=(
  apache2         # test/interop: the recipe's Apache configurations
  lighttpd        # test/interop: the recipe's lighttpd configurations
  openssl         # certificates for tests
  python3         # test/interop: for the next one
  python3-twisted # test/interop: the program that the form in the path was made for
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "Not a Debian system; tests that need these are skipped: ${missing[*]}" >&2
  exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
  echo "Missing Debian packages; tests that need them are skipped. To install them:" >&2
  echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 0
fi

# The packages start their servers when they are installed; tests bring their own configurations.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y --no-install-recommends "${missing[@]}"
