#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# For the scripts beside this one: making a Debian in a folder, and copying the project into it. They set
# `title`, which stands before what is said.

project=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() {
    printf '==> %s: %s\n' "${title:?}" "$*"
}

die() {
    printf '%s: %s\n' "${title:?}" "$*" >&2
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

# wanted_sources SUITE: the same, only what this suite needs. A machine of another Debian names its own suite:
# the mirrors are the same.
wanted_sources() {
    apt_sources | awk -v suite="$1" -v own="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" '
        BEGIN { wanted[suite]; wanted[suite "-updates"]; wanted[suite "-security"] }
        { named = ($2 in wanted) }
        own != "" && index($2, own) == 1 { $2 = suite substr($2, length(own) + 1) }
        $1 ~ /^https?:/ && $2 in wanted && (" " $0 " ") ~ / main / {
            line = "deb " $1 " " $2 " main"
            if (!seen[line]++) lines[named, ++count[named]] = line
        }
        END {
            for (named = count[1] ? 1 : 0; i < count[named]; ) print lines[named, ++i]
        }'
}

# mirror_of SUITE: where debootstrap gets it from.
mirror_of() {
    wanted_sources "$1" | awk -v suite="$1" '$3 == suite { print $2; exit }'
}

# reachable SUITE: whether that mirror has it, now.
reachable() {
    local mirror file status=0
    mirror=$(mirror_of "$1")
    [ -n "$mirror" ] || return 1
    file=$(mktemp)
    /usr/lib/apt/apt-helper -o APT::Sandbox::User= download-file "$mirror/dists/$1/InRelease" "$file" \
        >"$file.log" 2>&1 || status=1
    rm -f "$file" "$file.log"
    return "$status"
}

# with_proxy COMMAND...: as apt goes, which has the settings for the way to the mirror.
with_proxy() {
    local shell
    shell=$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)
    (
        eval "$shell"
        # shellcheck disable=SC2154 # set by the line above, where apt has a proxy
        [ -z "${http_proxy:-}" ] || export http_proxy
        [ -z "${https_proxy:-}" ] || export https_proxy
        "$@"
    )
}

# make_root FOLDER SUITE PACKAGE...: a Debian with these and apt's sources, in a folder that is not there.
make_root() {
    local folder=$1 suite=$2 mirror include
    shift 2
    mirror=$(mirror_of "$suite")
    [ -n "$mirror" ] || die "apt's sources on this machine name no mirror of Debian's $suite"
    [ "${mirror#https:}" = "$mirror" ] || set -- "$@" ca-certificates
    include=$(IFS=,; printf '%s' "$*")
    local -a options=(--variant=minbase --include="$include")
    [ ! -f "$keyring" ] || options+=(--keyring="$keyring")
    say "debootstrap $suite from apt's mirror"
    with_proxy debootstrap "${options[@]}" "$suite" "$folder" "$mirror" >"$folder.log" 2>&1 || {
        tail -n 20 "$folder.log" >&2
        rm -f "$folder.log"
        die "debootstrap failed"
    }
    rm -f "$folder.log"
    wanted_sources "$suite" >"$folder/etc/apt/sources.list"
    # apt's own settings for the way to the mirror: proxies, time-outs.
    apt-config dump | sed -nE '/^Acquire::(https?|ftp|Retries)/p' >"$folder/etc/apt/apt.conf.d/99-from-host"
    cp -L /etc/resolv.conf /etc/hosts "$folder/etc/"
    # What is lost with the machine may be lost: packages are unpacked much faster.
    echo force-unsafe-io >"$folder/etc/dpkg/dpkg.cfg.d/no-sync"
}

# copy_project FOLDER [WORKTREE]: the last commit, or the files as they are now.
copy_project() {
    if [ -n "${2:-}" ]; then
        mkdir "$1"
        git -C "$project" ls-files -z -co --exclude-standard |
            tar -C "$project" --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -C "$1" -xf -
    else
        git clone -q "file://$project" "$1"
    fi
}
