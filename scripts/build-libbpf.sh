#!/usr/bin/env bash
# Builds libbpf as a position-independent static archive in build/libbpf (headers and libbpf.a).
# Source: the distribution's own source package, of the pinned version, checksum checked. Where no source package can
# be had, falls back to the system's libbpf.so (package libbpf-dev) and says so: build/libbpf/flags tells the addon
# how to link.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=1.1.2
SHA256=b50ab60637fb713db78aa98e6ca911ddf13c0799d498a1f6ec03ebffc7dca588
OUT=$PWD/build/libbpf

finish() { # link flags
	printf '%s\n' "$1" >"$OUT/flags.tmp"
	mv "$OUT/flags.tmp" "$OUT/flags"
}

# A private apt state whose only sources are deb-src lines derived from the machine's own list.
fetch_source() {
	local state=$1
	mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/parts"
	python3 scripts/deb-src-list.py >"$state/sources.list"
	[ -s "$state/sources.list" ] || return 1
	local options=(-o "Dir::Etc::sourcelist=$state/sources.list" -o "Dir::Etc::sourceparts=$state/parts"
		-o "Dir::State::lists=$state/lists" -o "Dir::Cache::archives=$state/archives")
	apt-get "${options[@]}" update >&2 &&
		(cd "$state" && apt-get "${options[@]}" source --download-only "libbpf" >&2)
}

build_static() {
	local state archive
	state=$(mktemp -d)
	trap 'rm -rf "$state"' RETURN
	fetch_source "$state" || { echo "libbpf: no source package to be had" >&2; return 1; }
	archive=$(ls "$state"/libbpf_"$VERSION".orig.tar.* 2>/dev/null | head -n 1)
	[ -n "$archive" ] || { echo "libbpf: the distribution's source is not the pinned version $VERSION" >&2; return 1; }
	echo "$SHA256  $archive" | sha256sum --check --status || { echo "libbpf: checksum of $VERSION does not match" >&2; return 1; }
	mkdir -p "$state/src" "$state/obj"
	tar -xf "$archive" -C "$state/src" --strip-components=1
	make -C "$state/src/src" -j2 BUILD_STATIC_ONLY=1 OBJDIR="$state/obj" DESTDIR="$OUT" PREFIX= \
		INCLUDEDIR=/include LIBDIR=/lib UAPIDIR=/include CFLAGS="-O2 -fPIC -g0" install install_uapi_headers >"$state/log" 2>&1 ||
		{ tail -n 20 "$state/log" >&2; return 1; }
	rm -rf "$OUT/lib/pkgconfig"
	finish "-Ibuild/libbpf/include build/libbpf/lib/libbpf.a -lelf -lz"
}

mkdir -p "$OUT"
if [ -s "$OUT/flags" ]; then exit 0; fi
if build_static; then
	echo "libbpf $VERSION: built from source, linked statically" >&2
else
	echo "libbpf: falling back to the system's libbpf.so (package libbpf-dev)" >&2
	[ -e /usr/include/bpf/libbpf.h ] || apt-get install -y --no-install-recommends libbpf-dev >&2
	finish "-I/usr/include -lbpf -lelf -lz"
fi
