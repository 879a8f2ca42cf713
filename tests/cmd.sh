# SPDX-License-Identifier: MIT
#
# What the tests of the command share; sourced by tests/cmd-*. They run in the
# build directory, where the command finds the library beside itself.

set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/stops.sh"
ulimit -c 0
export LC_ALL=C
unset LD_PRELOAD "${!EPOLLSHIM_@}"

build=$PWD
command=$build/epollshim
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$build/tests/cmd_target
scratch=$(mktemp -d "${TMPDIR:-/tmp}/$(basename "$0").XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
failed=0

# did COMMAND...: sets $status, and $out and $err to what it said.
did() {
    status=0
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
    out=$(cat "$scratch/out")
    err=$(cat "$scratch/err")
}

# expect WHAT CONDITION...
expect() {
    local what=$1
    shift
    if "$@"; then
        echo "ok - $what"
    else
        printf 'not ok - %s: status %s, said: %s\n' "$what" "$status" \
            "$out$err"
        failed=1
    fi
}

ended() { [ "$status" = "$1" ]; }
tells() { grep -Eq -- "$1" <<<"$out"; }
is_told() { grep -Eq -- "$1" <<<"$err"; }
in_one_line() { [ "$(wc -l <"$scratch/err")" = 1 ]; }

# refuses WHAT STATUS REASON WAY-OUT: the last command said that, in a line.
refuses() {
    expect "$1: status $2" ended "$2"
    expect "$1: says why" is_told "^epollshim: .*$3"
    expect "$1: names a way out" is_told "$4"
    expect "$1: in one line" in_one_line
}

# ignoring SIGNAL COMMAND...: as a parent may have us begin.
ignoring() {
    python3 -c 'import os, signal, sys
signal.signal(getattr(signal, sys.argv[1]), signal.SIG_IGN)
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

# comes_to CONDITION...: within ten seconds, on a machine that is not too busy.
comes_to() {
    for _ in $(seq 200); do
        ! "$@" || return 0
        sleep 0.05
    done
    return 1
}

# counter NAME FILE
counter() {
    sed -n "s/^$1 //p" "$2"
}

# configured NAME: a directory as the build has it, such as libdir.
configured() {
    (cd "$build"
        value() { sed -n "s/^$1 = //p" Makefile; }
        prefix=$(value prefix)
        exec_prefix=$(eval "echo $(value exec_prefix)")
        eval "echo $(value "$1")")
}

# valid_json: what was printed is one JSON value.
valid_json() {
    python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$out"
}

# json EXPRESSION: a Python expression over the value d that was printed.
json() {
    python3 -c 'import json, sys
d = json.load(sys.stdin)
sys.exit(not ('"$1"'))' <<<"$out"
}

conclude() {
    exit "$failed"
}
