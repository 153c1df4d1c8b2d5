#!/usr/bin/env bash
# Runs the unit tests, then the live ones (real kernel, end to end). The last line counts both: N passed, N failed[, N skipped].
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

scripts/clean-stale.sh
reports=build/test-reports
rm -rf "$reports"
mkdir -p "$reports"
status=0
# Many unit tests wait for programs and timers: a worker more than there are processors keeps those busy.
workers=$(($(nproc) + 1))
for project in unit live; do
	vitest run --project "$project" --maxWorkers="$workers" --reporter=default --reporter=json --outputFile.json="$reports/$project.json" \
		</dev/null || status=$?
done
# For whoever reads the log: on a machine that is shared no ratio is a verdict.
if [ -n "${CI:-}" ]; then node bench/compare.ts rules || true; fi
node scripts/test-summary.ts "$status" "$reports/unit.json" "$reports/live.json"
