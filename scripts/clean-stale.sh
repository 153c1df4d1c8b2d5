#!/usr/bin/env bash
# Removes the cgroups and network namespaces of test and lab runs that were killed. Their names end in the pid of the
# run: what belongs to a live process is left alone.
set -euo pipefail

# The pid in a name such as telegen-test-123-0-inside.
stale() {
	local pid
	pid=$(sed -nE 's/^telegen-(test|doctor)-([0-9]+).*/\2/p' <<<"$1")
	[ -n "$pid" ] && [ ! -e "/proc/$pid" ]
}

[ "$(id -u)" = 0 ] || exit 0
if command -v ip >/dev/null && [ -d /run/netns ]; then
	for path in /run/netns/telegen-*; do
		name=${path##*/}
		if stale "$name"; then ip netns delete "$name"; fi
	done
fi
mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$mount" ] || exit 0
for path in "$mount"/telegen-*; do
	[ -d "$path" ] && stale "${path##*/}" || continue
	[ ! -e "$path/cgroup.kill" ] || echo 1 >"$path/cgroup.kill"
	for _ in $(seq 100); do
		grep -q 'populated 0' "$path/cgroup.events" && break
		sleep 0.1
	done
	find "$path" -depth -type d -exec rmdir {} +
done
