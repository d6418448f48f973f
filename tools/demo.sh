#!/usr/bin/env bash
# The demo: simulator and gateway on this machine, and a story of calls, with curl and with the official Node SDK.
#   tools/demo.sh          tells the story and ends; not 0 when a step does not show what it should
#   tools/demo.sh --stay   starts the same pair and stays until Ctrl-C
# Everything it makes is in build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=build/release/bin
here=build/demo
gateway=http://127.0.0.1:8080
partner=0605767a3300d5762fb7c0186d9e1779
acme=7c1e0f6f5c7a4b6b8f0a3f2d9b1c4e5d

bold='' red='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; fi

# -- simulator and gateway --------------------------------------------------------------------------------------------

children=()
leave_nothing_running() {
    local status=$?
    trap - EXIT INT TERM
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
    exit "$status"
}
trap leave_nothing_running EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

# Waits for a line in a file; fails when the program that should write it has ended.
wait_for() {
    local pattern=$1 file=$2 child=$3
    for _ in $(seq 200); do
        grep -q -- "$pattern" "$file" 2>/dev/null && return
        kill -0 "$child" 2>/dev/null || break
        sleep 0.05
    done
    cat "${file%.*}".* >&2
    fail "$file never said: $pattern"
}

secret() { [ -s "$here/secrets/$1" ] || (umask 077 && printf '%s\n' "$2" >"$here/secrets/$1"); }

start_the_simulator() {
    mkdir -p "$here/secrets"
    chmod 700 "$here/secrets"
    secret planner.sk demo-planner-secret
    secret partner.sk demo-partner-secret
    secret acme.sk demo-acme-secret

    rm -f "$here"/ledger.db*  # of the last time

    "$bin/ecs-simulator" --control --listen 127.0.0.1:9443 --seed tools/simulator/demo-seed.yaml --record "$here/cloud.jsonl" \
        --ca-out "$here/ca.pem" >"$here/simulator.out" 2>"$here/simulator.err" &
    children+=($!)
    wait_for 'listening on' "$here/simulator.out" $!
}

start_the_gateway() {
    PARTNER_AK=DEMOPARTNERAK0000001 "$bin/ecs-gateway" run --config conf/demo.yaml \
        >"$here/gateway.out" 2>"$here/gateway.err" &
    children+=($!)
    wait_for 'serving ' "$here/gateway.err" $!
}

# -- the story --------------------------------------------------------------------------------------------------------

start_the_simulator
if [ "${1:-}" = --stay ]; then
    start_the_gateway
    cat <<END
${bold}The gateway listens on $gateway, the simulator plays the cloud.${plain} Ctrl-C ends both. For instance:

  curl -s -H 'X-Api-Key: demo-ci-key' $gateway/v1/$partner/cloudservers/SERVER
  official SDKs: endpoint $gateway, access key GWPLANNER0000000001, secret key demo-planner-secret

Servers and projects: tools/simulator/demo-seed.yaml. The policy: conf/demo.yaml. Outcome lines:

END
    tail -n +1 -f "$here/gateway.out" --pid="${children[1]}" &
    children+=($!)
    wait -n "${children[@]}" || true
    fail "one of the two has ended; see $here/gateway.err and $here/simulator.err"
fi

PARTNER_AK=DEMOPARTNERAK0000001 /usr/bin/python3 -B tools/demo_story.py "$gateway" "$here" "$bin/ecs-gateway"
