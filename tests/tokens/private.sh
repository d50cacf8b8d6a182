#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# private.sh COMMAND...: runs a command as root with network, IPC and mounts of its own: nothing but loopback,
# an empty /run and /dev/shm, copies of /etc and of the folder in /var that a token daemon writes to. It works
# in a chroot too, whose / is no mount point, so that a mount below it would reach the machine outside: the
# whole tree is bound to a place below a mount that is made private, and entered.
set -eu

if [ "${1:-}" != --inside ]; then
    top=$(mktemp -d /dev/shm/p11csr-private.XXXXXX)
    mkdir "$top/root"
    trap 'rmdir "$top/root" "$top"' EXIT
    trap 'exit 130' INT TERM
    unshare --mount --propagation unchanged --net --ipc -- "$0" --inside "$top/root" "$@"
    exit
fi
root=$2
shift 2

mount --make-private /dev/shm
mount --rbind / "$root"
mount --make-rprivate "$root"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for folder in etc var/lib/opencryptoki; do
    [ -d "$root/$folder" ] || continue
    mkdir -p "$root/run/copies/$folder"
    cp -a "$root/$folder/." "$root/run/copies/$folder"
    mount --bind "$root/run/copies/$folder" "$root/$folder"
done
mkdir -m 1777 "$root/run/lock"
mkdir "$root/run/pcscd"
ip link set lo up
here=$PWD
# shellcheck disable=SC2016 # for the shell inside
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$here" "$@"
