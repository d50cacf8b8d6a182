#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh BUILD: the main job from end to end, in BUILD/demo, each step's outcome checked. For ./dev demo.
set -euo pipefail

build=${1:?the build folder}
folder=$build/demo
rm -rf "$folder"
mkdir -p "$folder/home"
cd "$folder"

# Nothing may come from the person's own settings, and nothing may be left there.
export HOME=$folder/home TMPDIR=$folder/home
export XDG_CONFIG_HOME=$folder/config XDG_DATA_HOME=$folder/data XDG_STATE_HOME=$folder/state
export XDG_CACHE_HOME=$folder/cache PATH=$build/src/cli:$PATH
unset SOFTHSM2_CONF OPENSSL_CONF P11CSR_CONFIG P11CSR_TOKEN P11CSR_MODULE P11CSR_PIN_SOURCE

# step TEXT COMMAND...: shows the command and its output; it must succeed and print a line that contains TEXT.
step() {
    local text=$1 word line=
    shift
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_/.:=,-]+$ ]]; then line+=" $word"; else line+=" '$word'"; fi
    done
    printf '\n$%s\n' "$line"
    local status=0 output
    output=$("$@" 2>&1) || status=$?
    printf '%s\n' "$output"
    if [ "$status" -ne 0 ]; then
        printf 'demo: the command ended with status %s\n' "$status" >&2
        exit 1
    fi
    if ! grep -qF -- "$text" <<<"$output"; then
        printf 'demo: the output lacks: %s\n' "$text" >&2
        exit 1
    fi
}

printf '==> a private token of SoftHSM2, all of it under %s\n' "$folder"
step demo p11csr tokens init-soft demo

printf '\n==> a key pair made on the token, and a request that the token signed\n'
step '' p11csr request --token demo --generate p256 --key-label web --subject /CN=www.example.com \
    --dns www.example.com -o www.csr
step www.example.com p11csr show www.csr

printf '\n==> two programs check the signature\n'
step '' p11csr verify www.csr
# OpenSSL 3.0 ends with status 0 for a wrong signature too: the text decides.
step 'verify OK' openssl req -in www.csr -verify -noout

printf '\n==> the key is on the token, and its private value stays there\n'
step web p11csr keys list --token demo
step 'private value readable: no' p11csr keys show --token demo --key-label web --protection

printf '\n'
