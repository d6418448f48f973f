#!/usr/bin/env bash
# README's commands on a fresh Debian: tools/try_release.sh bookworm|trixie FOLDER [COMMAND...]
# Makes a root of that release in FOLDER, or uses the one that is there, clones what is committed here into it and runs `make
# build` and `make demo` (or COMMAND) in the clone, as root, with processes of its own. The network is this machine's: the
# demo's ports have to be free. Where packages come from, and how they are reached, is as on this machine.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 2 ] && [[ $1 =~ ^(bookworm|trixie)$ ]] || { echo "usage: $0 bookworm|trixie FOLDER [COMMAND...]" >&2; exit 2; }
release=$1 root=$(realpath -m "$2")
commands=("${@:3}")
[ ${#commands[@]} -gt 0 ] || commands=('make build' 'make demo')
[ "$(id -u)" -eq 0 ] || { echo "$0: debootstrap and chroot need root" >&2; exit 1; }
command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -qq -y debootstrap; } >&2
say() { printf '\033[2m-- %s\033[0m\n' "$*" >&2; }

if [ ! -x "$root/usr/bin/git" ]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    [ -n "$mirror" ] || { echo "$0: apt knows no mirror of Debian (apt-get update)" >&2; exit 1; }
    say "a root of $release in $root"
    debootstrap --variant=minbase --include=ca-certificates,git,make "$release" "$root" "$mirror" >&2
fi

# How this machine reaches its mirrors and registries: name servers, proxies, authorities, npm's settings.
copied() {
    if [ -e "$1" ]; then install -D -m 0644 "$(realpath "$1")" "$root$2"; fi
}
copied /etc/resolv.conf /etc/resolv.conf
apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' >"$root/etc/apt/apt.conf.d/01as-the-machine" || true
for authority in /usr/local/share/ca-certificates/*.crt; do copied "$authority" "$authority"; done
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"  # what a power cut spoils is made again
chroot "$root" update-ca-certificates >/dev/null 2>&1
copied "${NPM_CONFIG_USERCONFIG:-$HOME/.npmrc}" /root/.npmrc
kept=(HOME=/root "PATH=/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
while IFS= read -r setting; do kept+=("$setting"); done < <(env | grep -iE '^(https?_proxy|no_proxy|npm_config_registry)=' || true)

rm -rf "$root/root/ecs-gateway"
git clone -q --no-hardlinks "$project" "$root/root/ecs-gateway"
say "$(git -C "$project" log -1 --format='%h %s') on $(. "$root/etc/os-release" && echo "$PRETTY_NAME")"

for each in "${commands[@]}"; do
    began=$SECONDS
    say "$each"
    env -i "${kept[@]}" unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        chroot "$root" bash -c "cd /root/ecs-gateway && mkdir -p /dev/shm && $each"
    say "$each: $((SECONDS - began)) s"
done
