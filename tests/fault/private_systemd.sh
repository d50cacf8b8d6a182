#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# private_systemd.sh UNIT-FILE: runs a systemd of its own, as the first process of new namespaces, which
# starts this one unit and ends with it. Expects to be inside tests/tokens/private.sh.
set -eu

if [ "${1:-}" != --inside ]; then
    exec unshare --pid --fork --kill-child --mount --propagation private --mount-proc -- "$0" --inside "$1"
fi
unit=$2

if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd/system
cp "$unit" /run/systemd/system/
mount --make-rshared / # a service's credentials are mounted by a child, and have to be seen by others
exec env -i container=private PATH=/usr/bin:/bin:/usr/sbin:/sbin \
    /lib/systemd/systemd --system --unit="$(basename "$unit")" --log-target=console --show-status=no
