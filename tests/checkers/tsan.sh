# SPDX-License-Identifier: MIT
#
# Part of tests/checked: the library under ThreadSanitizer, linked into the
# tests.

# The exported functions run before ThreadSanitizer does, so they and the table
# of the next in line are left as they are; all they call is watched.
tsan_library() {
    local source
    for source in "$src"/*.c; do
        case ${source##*/} in
        entry_*.c | next.c) make_object "$scratch/linked" "$source" ;;
        memory.c) ;;
        *) make_object "$scratch/linked" "$source" -fsanitize=thread ;;
        esac
    done
    make_object "$scratch/linked" "$tests/checkers/tsan_memory.c" \
        -fsanitize=thread
}

# What the tests share, in an archive.
tsan_harness() {
    local source
    for source in "$tests"/harness/*.c \
        $(listed tests_libfact_la_SOURCES 'tests/[a-z_]*\.c' |
            sed "s,^,$tests/../,"); do
        make_object "$scratch/harness" "$source" -fsanitize=thread
    done
    ar rc "$scratch/harness.a" "$scratch"/harness/*.o
}

# The library is in the program; what three-ways preloads is empty.
tsan() { # PROGRAM...
    local program
    checker=tsan
    rm -rf "$scratch"/parts "$scratch"/parts.a
    tsan_library
    tsan_harness
    alone -fsanitize=thread
    library=$scratch/empty.so
    "${cc[@]}" -shared -nostdlib -x c /dev/null -o "$library"
    export PRELOAD_FIRST='' WAYS=always TEST_SECONDS=300
    # ThreadSanitizer has a thread of its own: where a handler forks, the loader
    # allocates for the child's. The library imports no allocation (guard-object).
    export TSAN_OPTIONS="halt_on_error=1 report_signal_unsafe=0"
    for program in "$@"; do
        "${cc[@]}" "${flags[@]}" -fsanitize=thread "$tests/$program.c" \
            "$scratch"/harness.a "$scratch"/linked/*.o "${cmocka[@]}" \
            -o "$scratch/$program.t" || die "$program does not link"
        three_ways "$scratch/$program.t"
        rm "$scratch/$program.t"
    done
}
