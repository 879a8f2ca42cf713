# SPDX-License-Identifier: MIT
#
# Part of tests/checked: what compilers and analysers say of the source.

# Left out of clang-tidy, and why: hooks have reserved names; memset_s is not
# in libc; what a bare system call or va_start writes, clang can't see; what
# the command still has when it ends, the system takes back, and the library
# allocates nothing (guard-object); the others are about taste.
tidy_checks='clang-analyzer-*,bugprone-*,
-bugprone-reserved-identifier,
-clang-analyzer-security.insecureAPI.*,
-clang-analyzer-core.UndefinedBinaryOperatorResult,
-clang-analyzer-valist.Uninitialized,
-clang-analyzer-unix.Malloc,
-bugprone-easily-swappable-parameters,
-bugprone-macro-parentheses,
-bugprone-implicit-widening-of-multiplication-result,
-bugprone-narrowing-conversions,
-bugprone-suspicious-missing-comma,
-bugprone-suspicious-string-compare'

quiet() { # WHAT COMMAND...: fails if the command does, or says anything.
    local what=$1
    shift
    echo "== $what"
    if "$@" >"$scratch/said" 2>&1 && ! [ -s "$scratch/said" ]; then
        passed=$((passed + 1))
        return
    fi
    cat "$scratch/said"
    fail "$what"
}

# What is installed or measures; and with it, all that tests.
ours() {
    printf '%s\n' "$tests"/../{src,cmd,trace,bench,demo}/*.c
}

all() {
    ours
    printf '%s\n' "$tests"/*.c "$tests"/*/*.c "$tests"/../compat/*/*.c
}

# each LIST COMMAND...: {} is a source of that list; several at a time.
each() {
    "$1" | xargs -P "$(nproc)" -I '{}' "${@:2}"
}

# It counts what was left out as well.
tidy() { # OPTION...
    local status=0
    each ours clang-tidy --quiet --checks="-*,${tidy_checks//$'\n'/}" \
        --warnings-as-errors='*' '{}' -- "$@" \
        >"$scratch/tidy" 2>&1 || status=$?
    grep -vE '^[0-9]+ warnings? generated\.$' "$scratch/tidy" || true
    return "$status"
}

static() {
    local of=("${flags[@]}" -I. -I"$tests/../trace" -DLIBDIR='"/"'
        -DPKGLIBDIR='"/"' -DHELPERDIR='"/"' -DBINDIR='"/"')
    local warn=(-Wall -Wextra -Werror -Wformat=2 -Wmissing-prototypes
        -Wold-style-definition -Wpointer-arith -Wshadow -Wstrict-prototypes
        -Wundef -Wvla -Wwrite-strings -O2 -c '{}' -o /dev/null)
    need clang clang
    need clang-tidy clang-tidy
    need cppcheck cppcheck
    quiet "gcc -Wall -Wextra" each all gcc "${of[@]}" "${warn[@]}"
    quiet "clang -Wall -Wextra" each all clang "${of[@]}" "${warn[@]}"
    quiet "gcc -fanalyzer" each ours gcc "${of[@]}" "${warn[@]}" -fanalyzer \
        -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak
    # alloca: the lists of execl and its like, as libc makes them.
    quiet cppcheck each ours cppcheck -q --std=c11 --error-exitcode=1 \
        --enable=warning,portability,performance \
        --suppress=allocaCalled -D_GNU_SOURCE -I"$src" -I"$tests/../trace" '{}'
    quiet clang-tidy tidy "${of[@]}"
}
