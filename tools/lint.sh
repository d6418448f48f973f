#!/usr/bin/env bash
# clang-tidy over src and the simulator, by the compile commands of the preset `lint`: tools/lint.sh JOBS
# Its warning flags are GCC's, so those that Clang does not know are passed over.
set -euo pipefail
cd "$(dirname "$0")/.."

# Reads file names, one a line.
tidy() {
    local files
    mapfile -t files
    files=("${files[@]/#/^$PWD/}")
    run-clang-tidy-16 -p build/lint -j "$jobs" -quiet -extra-arg=-Wno-unknown-warning-option "$@" \
        "${files[@]/%/\$}" 2> >(grep -vE '^[0-9]+ warnings? (generated|treated)' >&2)
}

jobs=${1:-2}
coroutine='\bco_(await|return|yield)\b'
status=0
grep -rLE --include='*.cpp' "$coroutine" src tools/simulator | tidy || status=1
# The analyzer does not know what a coroutine keeps while it sleeps: it finds pointers of Asio's awaitable undefined.
grep -rlE --include='*.cpp' "$coroutine" src tools/simulator | tidy -checks='-clang-analyzer-*' || status=1
exit "$status"
