#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--worktree] [--user] [demo|tokens|ci]...: the project on a fresh Debian 12 with nothing but git.
# Makes a chroot with debootstrap from the mirror of this machine's apt, clones HEAD into it (--worktree
# copies the files as they are now), runs ./dev demo and .ci/run inside, or what is named (tokens: only
# ./dev test tokens of the latter), and removes it all.
# --user: as a user with sudo instead of root. Needs root and some 4 GB in ${TMPDIR:-/var/tmp}.
set -euo pipefail

suite=bookworm
project=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
demo_limit=120 # seconds, on 2 cores, packages apart

say() {
    printf '==> fresh: %s\n' "$*"
}

die() {
    printf 'fresh: %s\n' "$*" >&2
    exit 1
}

# apt's sources as lines "URI SUITE COMPONENT..."; only those signed by Debian or by nobody in particular.
apt_sources() {
    local apt=/etc/apt
    { find "$apt/sources.list" "$apt/sources.list.d" -name '*.list' -exec cat {} + 2>/dev/null || true; } |
        sed -n 's/^deb[[:space:]]\+//p' |
        awk '
            /^\[.*signed-by/ && !/debian-archive/ { next }
            { sub(/^\[[^]]*\][ \t]*/, ""); print }'
    find /etc/apt/sources.list.d -name '*.sources' -exec awk -v RS= -F '\n' '
        {
            uris = suites = components = signed = ""; types = "deb"; enabled = "yes"
            for (i = 1; i <= NF; i++) {
                if ($i ~ /BEGIN PGP/) signed = "a key of its own"
                if ($i ~ /^[# ]/ || $i !~ /:/) continue
                key = tolower(substr($i, 1, index($i, ":") - 1)); value = substr($i, index($i, ":") + 1)
                if (key == "types") types = value
                if (key == "uris") uris = value
                if (key == "suites") suites = value
                if (key == "components") components = value
                if (key == "signed-by") signed = value
                if (key == "enabled") enabled = value
            }
            if ((" " types " ") !~ / deb /) next
            if (enabled ~ /no/ || (signed ~ /[^ ]/ && signed !~ /debian-archive/)) next
            n = split(uris, u, " "); m = split(suites, s, " ")
            for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print u[i], s[j], components
        }' {} + 2>/dev/null || true
}

# The same, only what this suite needs.
wanted_sources() {
    apt_sources | awk -v suite="$suite" '
        BEGIN { wanted[suite]; wanted[suite "-updates"]; wanted[suite "-security"] }
        $1 ~ /^https?:/ && $2 in wanted && / main( |$)/ {
            line = "deb " $1 " " $2 " main"
            if (!seen[line]++) print line
        }'
}

cleanup() {
    local status=$?
    trap '' INT TERM
    if [ -n "${root:-}" ]; then
        umount -l "$root/dev/pts" "$root/dev/shm" "$root/proc" 2>/dev/null || true
        # Never through something still mounted.
        rm -rf --one-file-system "$root"
    fi
    exit "$status"
}

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 "${as[@]}" "$@"
}

make_root() {
    local sources mirror include=git proxy
    sources=$(wanted_sources)
    mirror=$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$sources")
    [ -n "$mirror" ] || die "apt's sources on this machine name no mirror of Debian's $suite"
    [ "${mirror#https:}" = "$mirror" ] || include+=,ca-certificates
    [ -z "$user" ] || include+=,sudo
    # apt's own settings for the way to the mirror: proxies, time-outs.
    proxy=$(apt-config dump | grep -E '^Acquire::(https?|ftp|Retries)' || true)
    local -a options=(--variant=minbase --include="$include")
    [ ! -f "$keyring" ] || options+=(--keyring="$keyring")

    root=$(mktemp -d "${TMPDIR:-/var/tmp}/p11csr-fresh.XXXXXX")
    chmod 755 "$root"
    say "debootstrap $suite from apt's mirror"
    local shell
    shell=$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)
    (
        eval "$shell"
        # shellcheck disable=SC2154 # set by the line above, where apt has a proxy
        [ -z "${http_proxy:-}" ] || export http_proxy
        [ -z "${https_proxy:-}" ] || export https_proxy
        debootstrap "${options[@]}" "$suite" "$root" "$mirror"
    ) >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        rm -f "$root.log"
        die "debootstrap failed"
    }
    rm -f "$root.log"
    printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
    printf '%s\n' "$proxy" >"$root/etc/apt/apt.conf.d/99-from-host"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
}

copy_project() {
    if [ -n "$worktree" ]; then
        mkdir "$root$home/p11csr"
        git -C "$project" ls-files -z -co --exclude-standard |
            tar -C "$project" --null --ignore-failed-read -T - -cf - 2>/dev/null |
            tar -C "$root$home/p11csr" -xf -
    else
        git clone -q "file://$project" "$root$home/p11csr"
    fi
    [ -z "$user" ] || chown -R --reference="$root$home" "$root$home/p11csr"
}

run_demo() {
    local log=$root/demo.log took left
    say "./dev demo, with nothing installed"
    inside "$home/p11csr/dev" demo
    # Once more from nothing but the packages: what remains is building and the demo itself.
    rm -rf "$root$home/p11csr/build"
    touch "$root/before"
    sleep 1
    say "./dev demo, with the packages there"
    inside "$home/p11csr/dev" demo | tee "$log"
    if grep -q apt-get "$log"; then die "the second run called apt-get"; fi
    took=$(sed -n 's/^==> the demo took \([0-9]*\) seconds.*/\1/p' "$log")
    if [ "${took:-9999}" -gt "$demo_limit" ]; then die "the demo took ${took:-?} s, more than $demo_limit"; fi
    left=$(find "$root" -xdev -newer "$root/before" ! -type d ! -path "$root$home/p11csr/*" ! -path "$log")
    if [ -n "$left" ]; then die "the demo left something outside its folder: $left"; fi
    say "the demo is fine: $took s, nothing left outside its folder"
}

run_tokens() {
    say "./dev test tokens"
    inside "$home/p11csr/dev" test tokens
}

run_ci() {
    say ".ci/run"
    inside "$home/p11csr/.ci/run"
}

worktree='' user='' home=/root as=()
jobs=()
while [ $# -gt 0 ]; do
    case $1 in
    --worktree) worktree=1 ;;
    --user) user=dev home=/home/dev ;;
    demo | tokens | ci) jobs+=("$1") ;;
    *) die "unknown argument: $1" ;;
    esac
    shift
done
[ ${#jobs[@]} -gt 0 ] || jobs=(demo ci)
[ "$(id -u)" -eq 0 ] || die "needs root"
command -v debootstrap >/dev/null || die "needs debootstrap"

trap cleanup EXIT
trap 'exit 130' INT TERM
make_root
if [ -n "$user" ]; then
    inside useradd -m -s /bin/bash "$user"
    printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" >"$root/etc/sudoers.d/dev"
    as=(HOME="$home" setpriv --reuid="$user" --regid="$user" --init-groups)
else
    as=(HOME="$home")
fi
copy_project
for job in "${jobs[@]}"; do
    start=$SECONDS
    "run_$job"
    say "$job took $((SECONDS - start)) s in all"
done
say "all is well"
