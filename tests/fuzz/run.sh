#!/usr/bin/env bash
# Runs every fuzz target for some seconds: tests/fuzz/run.sh FOLDER-OF-PROGRAMS SECONDS. What it finds on the way stays in
# build/fuzz/corpus; a finding ends it, and its input is in build/fuzz/findings.
set -euo pipefail
programs=$1 seconds=$2 here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$programs/../findings"
for target in request answer resize_body authorization configuration; do
    kept=$programs/../corpus/$target
    mkdir -p "$kept"
    printf '== %s, %s s\n' "$target" "$seconds"
    "$programs/${target}_fuzz" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$programs/../findings/$target-" "$kept" "$here/corpus/$target" 2>&1 |
        grep -E 'number_of_executed_units|does not hold|ERROR|SUMMARY|Test unit' || exit 1
    [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "$target: a finding, see build/fuzz/findings" >&2; exit 1; }
done
