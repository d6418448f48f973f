#!/usr/bin/env bash
# Builds a preset by a profile: a gateway that counts what it executes, a load for it (bench/profile_load.py), and the targets
# anew, laid out by the counts. Some four minutes on two cores; nothing where no source has changed since
# (a change of the load is not seen: make clean).
#   tools/profiled.sh PRESET TARGET...        JOBS: as many compilers at once
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 built=build/$1
targets=("${@:2}")
say() { printf '\033[2m-- %s\033[0m\n' "$*" >&2; }

configure_to() {  # record or use; both in one folder, as counts belong to the paths of sources
    cmake --preset "$preset" -DGATEWAY_PROFILE="$1" --log-level=WARNING
}
build() { ninja -C "$built" -j"${JOBS:-$(nproc)}" "$@"; }

if [ -e "$built/counted" ]; then
    configure_to use
    if build -n "${targets[@]}" | grep -q 'no work to do'; then exit; fi
    rm "$built/counted"
fi
say "$preset, 1 of 3: a gateway that counts"
configure_to record
build ecs-gateway
say "$preset, 2 of 3: a load for it"
find "$built" -name '*.gcda' -delete  # counts are added to those that are there
GATEWAY_BIN_DIR=$built/bin /usr/bin/python3 -B bench/profile_load.py
[ -s "$built/src/CMakeFiles/ecs-gateway.dir/main.cpp.gcda" ] || { say "the load left no counts in $built"; exit 1; }
say "$preset, 3 of 3: the gateway by these counts"
configure_to use
build "${targets[@]}"
touch "$built/counted"
