#!/usr/bin/env bash
# install-packages.sh build|test|bench: installs the Debian packages that are missing; does nothing when none is.
set -euo pipefail

# Any clang from 14 on will do: one that is there, else 16 (Debian 12), else the distribution's default.
compiler() {
	local version
	for version in 19 18 17 16 15 14; do
		if command -v "clang-$version" >/dev/null; then echo "clang-$version" && return; fi
	done
	if apt-cache show clang-16 >/dev/null 2>&1; then echo clang-16; else echo clang; fi
}

# On a machine without package lists apt-cache finds nothing: load them before choosing.
if [ "${1:-}" = build ] && command -v apt-cache >/dev/null && ! apt-cache show g++ >/dev/null 2>&1; then
	apt-get update -qq || echo "telegen: apt-get update reported errors; going on all the same" >&2
fi

case "${1:-}" in
build) packages="g++ make python3 $(compiler) libelf-dev zlib1g-dev linux-libc-dev libc6-dev ca-certificates" ;;
test) packages="iproute2 nftables curl nginx-light netcat-openbsd openssl procps util-linux python3-minimal nghttp2-client nghttp2-server nghttp2-proxy ngtcp2-client ngtcp2-server dnsmasq-base bind9-dnsutils tcpdump ethtool wrk apache2-utils prometheus redis-server nmap strace" ;;
bench) packages="iproute2 nginx-light wrk apache2-utils procps time tshark tcpdump prometheus nghttp2-client dnsmasq-base dnsperf redis-server redis-tools iperf3 softflowd" ;;
*)
	echo "usage: $0 build|test|bench" >&2
	exit 2
	;;
esac

command -v dpkg-query >/dev/null || {
	echo "telegen: no dpkg here; install the equivalents of: $packages" >&2
	exit 0
}
missing=()
for package in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing: ${missing[*]}" >&2
[ "$(id -u)" = 0 ] || { echo "telegen: need root to install: ${missing[*]}" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
# A server that the tests start themselves must not start by itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq || echo "telegen: apt-get update reported errors; trying to install all the same" >&2
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
