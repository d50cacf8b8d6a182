#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--worktree] [--user] [demo|tokens|ci]...: the project on a fresh Debian 12 with nothing but git.
# Makes a chroot with debootstrap from the mirror of this machine's apt, clones HEAD into it (--worktree
# copies the files as they are now), runs ./dev demo and .ci/run inside, or what is named (tokens: only
# ./dev test tokens of the latter), and removes it all.
# --user: as a user with sudo instead of root. Needs root and some 4 GB in ${TMPDIR:-/var/tmp}.
set -euo pipefail

title=fresh
suite=bookworm
demo_limit=120 # seconds, on 2 cores, packages apart
# shellcheck source=tests/fresh/chroot.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/chroot.sh"

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

make_fresh_root() {
    local -a packages=(git)
    [ -z "$user" ] || packages+=(sudo)
    root=$(mktemp -d "${TMPDIR:-/var/tmp}/p11csr-fresh.XXXXXX")
    chmod 755 "$root"
    make_root "$root" "$suite" "${packages[@]}"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
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
make_fresh_root
if [ -n "$user" ]; then
    inside useradd -m -s /bin/bash "$user"
    printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" >"$root/etc/sudoers.d/dev"
    as=(HOME="$home" setpriv --reuid="$user" --regid="$user" --init-groups)
else
    as=(HOME="$home")
fi
copy_project "$root$home/p11csr" "$worktree"
[ -z "$user" ] || chown -R --reference="$root$home" "$root$home/p11csr"
for job in "${jobs[@]}"; do
    start=$SECONDS
    "run_$job"
    say "$job took $((SECONDS - start)) s in all"
done
say "all is well"
