#!/usr/bin/env bash
# Installs what is missing for the named purposes, on Debian 12 and 13: tools/setup.sh build test sdk bench lint
# `all` is every purpose that this release has packages for. Does nothing, quickly, where everything is there. Asks for root
# only if it has to install.
set -euo pipefail
cd "$(dirname "$0")/.."

# What npm installs, as its lock file says: the folder for each purpose.
declare -A modules=([sdk]=tests/integration/sdk [browser]=tests/browser [deploy]=tests/deploy/kubernetes)

# Debian 12 has two Boosts, the plain names being of the older one.
boost=$(. /etc/os-release && case ${VERSION_ID:-} in 12) echo 1.81 ;; *) echo 1.83 ;; esac)

declare -A packages=(
    [build]="g++ cmake ninja-build ccache libboost$boost-dev libboost-json$boost-dev libboost-url$boost-dev
             libboost-program-options$boost-dev libssl-dev libyaml-cpp-dev libspdlog-dev libfmt-dev prometheus-cpp-dev
             libsqlite3-dev libpq-dev libgtest-dev libgmock-dev libbenchmark-dev"
    [test]="python3 python3-pytest python3-yaml curl openssl ca-certificates wrk python3-h11
            python3-jsonschema python3-pyflakes systemd strace valgrind logrotate postgresql pgbouncer"
    [profile]="python3 python3-yaml openssl"
    [sdk]=""
    [browser]="chromium"
    [bench]="nginx-light haproxy wrk postgresql"
    [package]="dpkg-dev file binutils lintian adduser man-db bash strace"
    [deploy]="prometheus systemd"
)
# Another version of clang-format has other ideas of white space, and of clang other warnings: these are Debian 12's alone.
if [ "$boost" = 1.81 ]; then
    packages[fuzz]="clang-14 libclang-rt-14-dev"
    packages[lint]="clang-format-14 clang-tidy-16"
fi

say() { printf '\033[2m-- %s\033[0m\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

[ "$*" != all ] || set -- "${!packages[@]}"
wanted=()
for purpose in "$@"; do
    [ -v "packages[$purpose]" ] || { echo "$0: no purpose $purpose on this release (there are: ${!packages[*]})" >&2; exit 2; }
    read -r -d '' -a these <<<"${packages[$purpose]}" || true
    wanted+=("${these[@]}")
    if [ -v "modules[$purpose]" ]; then
        # A machine may have another nodejs than Debian's, which brings its own npm and conflicts with Debian's.
        command -v node >/dev/null || wanted+=(nodejs)
        command -v npm >/dev/null || wanted+=(npm)
    fi
done

missing=()
for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done

if [ "${#missing[@]}" -gt 0 ]; then
    say "installing ${missing[*]}"
    install() {
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
    }
    # The lists of a fresh machine are empty or old; only then is it worth fetching them.
    if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! install; then
        say 'fetching the lists of packages'
        as_root apt-get update -q >&2
        install
    fi
fi

for purpose in "$@"; do
    [ -v "modules[$purpose]" ] || continue
    folder=${modules[$purpose]}
    # npm leaves this file when it has installed all of the lock file.
    if [ ! "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
        say "installing the npm packages of $folder, as locked"
        npm ci --prefix "$folder" --no-audit --no-fund >&2
        touch "$folder/node_modules/.package-lock.json"
    fi
done
