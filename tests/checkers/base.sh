# SPDX-License-Identifier: MIT
#
# Part of tests/checked: what every checker of the running tests needs. The
# results are counted in $passed, $failed and $skipped; $checker is the name of
# the checker that is at work, as the list of exempt tests has it.

die() {
    echo "checked: $*" >&2
    exit 99
}

need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || die "$1 is missing (Debian: $2)"
}

passed=0 failed=0 skipped=0
fail() {
    echo "checked: FAILED: $*"
    failed=$((failed + 1))
}

# succeeds WHAT COMMAND...: shows what it said, if it fails.
succeeds() {
    if "${@:2}" >"$scratch/said" 2>&1; then
        passed=$((passed + 1))
    else
        cat "$scratch/said"
        fail "$1"
    fi
}

# listed NAME PATTERN: what matches, in that list of Makefile.am.
listed() {
    sed -n "/^$1 =/,/[^\\\\]\$/p" "$tests/../Makefile.am" | grep -oE "$2"
}

# The programs that make check runs three ways; without their ending.
all_programs() {
    local program
    for program in tests/*.t; do
        basename "$program" .t
    done
}

# make_object TO SOURCE OPTION...
make_object() {
    mkdir -p "$1"
    "${cc[@]}" "${flags[@]}" "${@:3}" -c "$2" \
        -o "$1/$(basename "$2" .c).o" ||
        die "$2 does not compile with ${*:3}"
}

# --- hazards and facts --------------------------------------------------------

# What is left out, and why: lines "CHECKERS PROGRAM/TEST REASON"; of a unit
# test, all of it: "CHECKERS PROGRAM/all REASON". Where the reason begins with
# "slow:", a fast machine may well pass.
exempt_list=$tests/checkers/exempt

# exempt_tests PROGRAM: those of the checker at work.
exempt_tests() {
    sed -nE "s,^([a-z]*\+)*$checker(\+[a-z]*)* +$1/([^ ]+) .*,\3,p" \
        "$exempt_list"
}

# names PROGRAM: of all its tests.
names() {
    case $1 in
    unit_*) [ ! -x "tests/$1" ] || echo all ;;
    *) [ ! -x "tests/$1.t" ] || "tests/$1.t" --list | cut -d ' ' -f 1 ;;
    esac
}

# The list names what there is, and says why.
check_exempt_list() {
    local who what why
    while read -r who what why; do
        names "${what%%/*}" | grep -qxF "${what#*/}" ||
            fail "$exempt_list: there is no test $what"
        [[ $who =~ ^((asan|tsan|valgrind|helgrind)(\+|$))+$ ]] ||
            fail "$exempt_list: there is no checker $who"
        [ -n "$why" ] || fail "$exempt_list: why is $what exempt?"
    done < <(grep -v '^#' "$exempt_list" | grep .)
}

# What is exempt fails, in one way at least: or it would be so for nothing.
check_exempt() { # PROGRAM-FILE TEST...
    local test
    for test in "${@:2}"; do
        ! grep -q " [a-z_]*/$test slow:" "$exempt_list" || continue
        ! LIBEPOLLSHIM=$library TEST_SECONDS=30 \
            "$tests/three-ways" "$1" "$test" >"$scratch/tap" 2>&1 ||
            grep -q '^ok.* # SKIP' "$scratch/tap" ||
            fail "$test passes: take it off $exempt_list"
    done
}

# three_ways PROGRAM-FILE
three_ways() {
    local list exempt name
    name=$(basename "$1" .t)
    echo "== $name"
    mapfile -t exempt < <(exempt_tests "$name")
    mapfile -t list < <(names "$name" |
        grep -vxF -f <(printf '%s\n' nothing "${exempt[@]}"))
    [ -n "$hasty" ] || check_exempt "$1" "${exempt[@]}"
    [ ${#list[@]} -gt 0 ] || return 0
    if ! LIBEPOLLSHIM=$library "$tests/three-ways" "$1" "${list[@]}" \
        >"$scratch/tap" 2>"$scratch/said"; then
        grep -v '^ok' "$scratch/tap" || cat "$scratch/said"
        fail "$1"
    fi
    skipped=$((skipped + $(grep -c '^ok.* # SKIP' "$scratch/tap" || true)))
    passed=$((passed + $(grep '^ok' "$scratch/tap" | grep -vc ' # SKIP' || true)))
}

# unit PROGRAM COMMAND...: that unit test, by that command.
unit() {
    local name
    name=$(basename "$1")
    echo "== $name"
    if [ -z "$(exempt_tests "$name")" ]; then
        succeeds "$@"
    elif [ -z "$hasty" ] && "${@:2}" >"$scratch/said" 2>&1; then
        fail "$name passes: take it off $exempt_list"
    fi
}

# --- unit tests and fuzz targets ----------------------------------------------

# The unit tests; in haste, what is not about memory is those with threads.
units() {
    if [ -n "$hasty" ] && [ "$checker" != asan ]; then
        printf 'tests/%s\n' unit_fdwatch unit_journal
        return
    fi
    listed UNITS 'tests/unit_[a-z]*'
    echo tests/unit_elf
}

# The fuzz targets; their corpora are of one thread.
fuzzers() {
    [ -n "$hasty" ] && [ "$checker" != asan ] ||
        listed FUZZERS 'tests/fuzz/[a-z_]*'
}

# make_alone PROGRAM OPTION...: of what Makefile.am names for it and the parts.
make_alone() {
    local sources
    mapfile -t sources < <(listed "$(tr / _ <<<"$1")_SOURCES" '[a-z_/]*\.c')
    [ ${#sources[@]} -gt 0 ] || sources=("$1.c")
    "${cc[@]}" "${flags[@]}" "${@:2}" "${sources[@]/#/"$tests/../"}" \
        "$scratch/parts.a" "${cmocka[@]}" -o "$scratch/$(basename "$1")" ||
        die "$1 does not compile with ${*:2}"
}

# alone OPTION...: unit tests and fuzz targets, made with these options.
alone() {
    local source program
    for source in $(listed tests_libparts_la_SOURCES 'src/[a-z_]*\.c'); do
        make_object "$scratch/parts" "$tests/../$source" "$@"
    done
    ar rc "$scratch/parts.a" "$scratch"/parts/*.o
    for program in $(units); do
        make_alone "$program" "$@"
        unit "$program" "$scratch/$(basename "$program")"
    done
    for program in $(fuzzers); do
        echo "== $program"
        make_alone "$program" "$@"
        succeeds "$program" "$scratch/$(basename "$program")" \
            "$tests/fuzz/corpus/${program##*_}"/*
    done
}
