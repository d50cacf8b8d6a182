#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# release.sh [--worktree] SUITE [argument of ./dev test]...: the project on another release of Debian, with
# its OpenSSL, p11-kit and compiler. Makes a chroot with debootstrap in build-chroot/SUITE, or takes the one
# that is there, clones HEAD into it (--worktree copies the files as they are now), builds it there with
# warnings as errors and runs these tests. Mounts and processes are in namespaces of their own and end with
# it. Needs root. Called by ./dev test chroot. Ends with 77 and says why where no chroot can be made.
set -euo pipefail

title=chroot
# shellcheck source=tests/fresh/chroot.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/chroot.sh"

not_run() {
    say "not run: $*"
    exit 77
}

# What has to be there; all else that goes wrong is a failure.
able() {
    [ "$(id -u)" -eq 0 ] || not_run "needs root"
    # shellcheck disable=SC2016 # for the shell inside
    unshare --mount --pid --fork --propagation unchanged sh -c 'mount --make-private /dev/shm' 2>/dev/null ||
        not_run "root may not mount here, or /dev/shm is no mount"
    [ ! -e "$root/made" ] || return 0
    command -v debootstrap >/dev/null || not_run "needs debootstrap"
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || not_run "debootstrap knows no $suite"
    reachable "$suite" || not_run "apt's sources name no mirror that has $suite and can be reached"
}

# Half of one, from a run that was interrupted, is made anew.
make_once() {
    [ ! -e "$root/made" ] || return 0
    rm -rf --one-file-system "$root"
    make_root "$root" "$suite" git
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    touch "$root/made"
}

# Runs in the namespaces, where /dev/shm is private: what is bound over it, and mounted below, is seen nowhere
# else, in a chroot too whose / is no mount point.
enter() {
    local top=/dev/shm
    mount --make-private "$top"
    mount --bind "$root" "$top"
    mount --make-private "$top"
    mount -t proc proc "$top/proc"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$top/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$top/dev/shm"
    # As the first process of its namespace it gets no signal that it does not handle.
    trap 'exit 130' INT TERM
    chroot "$top" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 HOME=/root \
        DEV_STRICT=1 ${P11CSR_SEED:+P11CSR_SEED="$P11CSR_SEED"} /root/p11csr/dev test "$@"
}

worktree=''
if [ "${1:-}" = --inside ]; then
    root=$2
    enter "${@:3}"
    exit
fi
if [ "${1:-}" = --worktree ]; then
    worktree=1
    shift
fi
suite=${1:?which release of Debian?}
shift
root=$project/build-chroot/$suite

start=$SECONDS
able
mkdir -p "${root%/*}"
exec 9>"$root.lock"
flock -n 9 || die "another run uses $root"
make_once
rm -rf --one-file-system "$root/root/p11csr"
copy_project "$root/root/p11csr" "$worktree"
say "$suite is there after $((SECONDS - start)) s"
unshare --mount --pid --fork --kill-child --propagation unchanged -- "$0" --inside "$root" "$@" ||
    die "it fails on $suite"
say "all is well on $suite, after $((SECONDS - start)) s"
