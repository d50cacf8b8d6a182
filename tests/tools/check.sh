#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check.sh [STEP]...: what looks for mistakes without being a test, and the tests under the sanitizers. All
# steps run even when one fails; the output of those that fail is shown. Called by ./dev check.
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
out=$PWD/build-check
jobs=$(nproc)
sources=(include src tokens providers tests)

# strict DIR [meson option...]: sets up a build with warnings as errors
strict() {
    local dir=$1 options="$CC $*"
    shift
    if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/.options" 2>/dev/null)" != "$options" ]; then
        rm -rf "$dir"
        meson setup "$dir" -Dtests=enabled -Dwerror=true "$@"
        printf '%s\n' "$options" >"$dir/.options"
    fi
}

# strict_build DIR [meson option...]: builds it, as far as it goes
strict_build() {
    strict "$@"
    # Test programs are no part of what is built by default.
    ninja -C "$1" -k0 all meson-test-prereq
}

step_gcc() {
    # At -O3 gcc sees further than in the usual build.
    CC=gcc strict_build build-gcc --buildtype=release
}

step_clang() {
    CC=clang strict_build build-clang
}

# under_sanitizers FRAMES [test...]: runs the tests, or these, with so much of the stack of each allocation
under_sanitizers() {
    local frames=$1
    shift
    # The meta tests judge the objects of a plain build; the property test makes much of what others make.
    # Each case of the torture takes 50 times as long here. Other programs load no module with sanitizers.
    # Libraries have no frame pointers: the slow unwinder.
    local asan=detect_stack_use_after_return=1:strict_string_checks=1
    ASAN_OPTIONS=$asan:fast_unwind_on_malloc=0:malloc_context_size=$frames \
        P11CSR_ONE_IN=50 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        LSAN_OPTIONS="suppressions=$PWD/tests/tools/lsan.supp:print_suppressions=0" \
        meson test -C build-asan --print-errorlogs --no-suite meta --no-suite property --no-suite programs \
        --timeout-multiplier 3 "$@"
}

step_sanitizers() {
    local again
    # gcc warns wrongly about code that the sanitizers have changed; the other builds do without warnings.
    CC=gcc strict_build build-asan -Db_sanitize=address,undefined --buildtype=debug -Dwerror=false
    # Whose leak it is shows in the stack, which takes most of the time: ten frames show SoftHSM2, and what
    # fails with so few is judged by whole stacks.
    under_sanitizers 10 && return
    mapfile -t again < <(python3 -c 'import json, sys
for line in open(sys.argv[1]):
    test = json.loads(line)
    if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
        print(test["name"].split(" / ")[-1])' build-asan/meson-logs/testlog.json)
    printf 'again, with whole stacks: %s\n' "${again[*]}"
    [ ${#again[@]} -gt 0 ] && under_sanitizers 30 "${again[@]}"
}

step_tidy() {
    CC=clang strict build-clang
    # A file that is compiled twice is read once: clang-tidy 14 takes the second time for uses of no va_list.
    mkdir -p "$out/tidy"
    /usr/bin/python3 -c 'import json, sys
commands = {command["file"]: command for command in reversed(json.load(sys.stdin))}
json.dump(list(commands.values()), sys.stdout)' \
        <build-clang/compile_commands.json >"$out/tidy/compile_commands.json"
    # Only C files that a compiler is given; headers are seen through them.
    run-clang-tidy -quiet -j "$jobs" -p "$out/tidy" "$PWD/(src|tokens|providers|tests)/" 2>/dev/null |
        sed -e 's/\x1b\[[0-9;]*m//g' -e '/^clang-tidy/d' -e '/^$/d'
}

step_cppcheck() {
    CC=clang strict build-clang
    mkdir -p "$out/cppcheck"
    # legacyUninitvar takes the member in "struct x y = {.y = z}" for the variable; uninitvar stays on.
    # returnDanglingLifetime believes that a result points to what its function was given.
    cppcheck --suppress=legacyUninitvar --suppress=returnDanglingLifetime --inline-suppr \
        --project=build-clang/compile_commands.json --std=c11 -j "$jobs" --quiet \
        --cppcheck-build-dir="$out/cppcheck" --enable=warning,performance,portability --error-exitcode=1
}

step_analyzer() {
    # gcc 12 does not follow a result that is a struct: for these three it takes a call that failed for one
    # that succeeded, and its output for unset. clang-tidy, which does follow, and valgrind look for the same.
    local blind="-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-null-dereference"
    blind+=" -Wno-analyzer-null-argument"
    CC=gcc strict_build build-analyzer -Dtests=disabled -Dc_args="-fanalyzer $blind"
}

step_shellcheck() {
    { printf '%s\0' dev .ci/run && find "${sources[@]}" -name '*.sh' -print0; } | xargs -0 shellcheck
}

step_format() {
    find "${sources[@]}" -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
}

step_codespell() {
    # statics is a word here, Nd a macro of manual pages, passin an option; the others are wrong on purpose.
    codespell --ignore-words-list=statics,nd,objekt,reqest,passin,tpye \
        --skip='./.git,./build,./build-*,./tests/fuzz/corpus,*.pyc'
}

# The quick ones first.
all=(shellcheck format codespell gcc clang cppcheck tidy analyzer sanitizers)
[ $# -gt 0 ] || set -- "${all[@]}"
mkdir -p "$out"
failed=()
for name in "$@"; do
    declare -F "step_$name" >/dev/null || {
        printf 'check: no such step: %s (there are: %s)\n' "$name" "${all[*]}" >&2
        exit 1
    }
    printf '==> check: %-11s' "$name"
    start=$SECONDS
    # A subshell of its own, so that errexit holds inside: it does not in a condition.
    set +e
    (
        set -e
        "step_$name"
    ) >"$out/$name.log" 2>&1
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        printf 'ok      %4d s\n' $((SECONDS - start))
    else
        printf 'FAILED  %4d s, build-check/%s.log:\n' $((SECONDS - start)) "$name"
        # What looks like the reason, or else the end.
        grep -aE '\b(error|warning|performance|portability): |FAIL|ERROR' "$out/$name.log" | head -n 60 ||
            tail -n 60 "$out/$name.log"
        failed+=("$name")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    printf '==> check: failed: %s\n' "${failed[*]}"
    exit 1
fi
printf '==> check: clean\n'
