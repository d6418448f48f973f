#!/usr/bin/env bash
# clang-tidy over src and the simulator, by the compile commands of the preset `lint`: tools/lint.sh JOBS
# Its warning flags are GCC's, so those that Clang does not know are passed over.
set -euo pipefail
cd "$(dirname "$0")/.."

run-clang-tidy-16 -p build/lint -j "${1:-2}" -quiet \
    -extra-arg=-Wno-unknown-warning-option \
    "^$PWD/(src|tools/simulator)/.*\.cpp$" 2> >(grep -vE '^[0-9]+ warnings? (generated|treated)' >&2)
