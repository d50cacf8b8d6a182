#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# peer.sh FOLDER: prints the file of the public pkcs11-provider, for comparison: the package of Debian's
# bookworm-backports from the mirror of this machine's apt, unpacked in FOLDER and installed nowhere. Ends
# with 77 and says why where there is none.
set -euo pipefail

title=peer
suite=bookworm-backports
# shellcheck source=tests/fresh/chroot.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../fresh/chroot.sh"

folder=$(realpath -m "${1:?the folder}")

# With lists, cache and settings of its own; what the package is signed with is Debian's.
apt() {
    apt-get -q -o Dir::State="$folder/state" -o Dir::State::status="$folder/state/status" \
        -o Dir::Cache="$folder/cache" -o Dir::Etc::SourceList="$folder/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o APT::Sandbox::User= "$@"
}

if [ ! -e "$folder/made" ]; then
    reachable "$suite" || {
        say "not run: apt's sources name no mirror that has $suite and can be reached" >&2
        exit 77
    }
    rm -rf "$folder"
    mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
    touch "$folder/state/status"
    mirror=$(mirror_of "$suite")
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$folder/sources.list"
    cd "$folder"
    { apt update && apt download pkcs11-provider; } >&2
    dpkg -x pkcs11-provider_*.deb "$folder/root"
    touch "$folder/made"
fi
find "$folder/root" -path '*/ossl-modules/pkcs11.so'
