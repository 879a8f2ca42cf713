# SPDX-License-Identifier: MIT
#
# Part of tests/checked: the library as it is built, under valgrind's Memcheck
# and Helgrind.

# The pure parts, which take longest of all.
units_under() { # COMMAND...
    local program
    for program in $(units); do
        unit "$program" "$@" "$program"
    done
    for program in $(fuzzers); do
        echo "== $program"
        succeeds "$program" "$@" "$program" \
            "$tests/fuzz/corpus/${program##*_}"/*
    done
}

# under_valgrind OPTIONS PROGRAM...
under_valgrind() {
    local program command
    need valgrind valgrind
    export WAYS=${WAYS:-always} TEST_SECONDS=300
    export TEST_WRAPPER="valgrind -q --error-exitcode=98 $1"
    read -r -a command <<<"$TEST_WRAPPER"
    [ -n "$hasty" ] || units_under "${command[@]}"
    for program in "${@:2}"; do
        three_ways "tests/$program.t"
    done
}

suppress() { # PARAMETER FUNCTION...
    printf '{\n   the caller is the one to answer for it\n   Memcheck:Param\n'
    printf '   %s\n' "$1" "${@:2}"
    printf '}\n'
}

# What the caller gives is passed on as it is, for the kernel to judge: tests
# give what is not mapped, and sets of which nobody has written every bit.
suppressions() {
    local field caller
    for caller in 'fun:consider_*' 'obj:*.t'; do
        for field in ufds.fd ufds.events ufds.revents; do
            suppress "poll($field)" fun:poll "$caller"
            suppress "ppoll($field)" fun:ppoll "$caller"
        done
        suppress 'ppoll(sigmask)' fun:ppoll "$caller"
        for field in readfds writefds exceptfds 'sig->ss'; do
            suppress "pselect6($field)" fun:select "$caller"
            suppress "pselect6($field)" 'fun:pselect*' fun:pselect "$caller"
        done
    done
    # A mask is given to the call that sleeps as well.
    suppress 'ppoll(sigmask)' fun:ppoll '...' 'fun:native_*'
    suppress 'pselect6(sig->ss)' 'fun:pselect*' fun:pselect 'fun:native_pselect*'
    # What is mounted for all and what is moved need no type.
    suppress 'mount(type)' fun:mount 'obj:*.t'
}

# Of what starts other programs, those that are tests are watched as well.
run_valgrind() { # PROGRAM...
    local options=(--trace-children=yes '--trace-children-skip=/bin/*,/usr/*'
        --suppressions="$scratch/suppressions")
    checker=valgrind
    suppressions >"$scratch/suppressions"
    under_valgrind "${options[*]}" "$@"
}

run_helgrind() { # PROGRAM...
    local options=(--tool=helgrind
        --suppressions="$tests/checkers/helgrind.supp")
    checker=helgrind
    under_valgrind "${options[*]}" "$@"
}
