# SPDX-License-Identifier: MIT
#
# Part of tests/checked: the library under AddressSanitizer and UBSan.

asan_flags=(-fsanitize=address -fsanitize=undefined
    -fno-sanitize-recover=undefined)

# sanitize OPTION...: the library, made with these options, is $library.
sanitize() {
    local source
    library=$scratch/libepollshim.so
    for source in "$src"/*.c; do
        make_object "$scratch/library" "$source" "$@" -fvisibility=hidden
    done
    "${cc[@]}" -shared "$@" "$scratch"/library/*.o -o "$library" \
        -Wl,-z,now,-z,nodelete,-Bsymbolic-functions \
        -Wl,--version-script,"$src/libepollshim.map"
    nm -D "$library" >"$scratch/symbols"
    grep -q __ubsan_handle "$scratch/symbols" || die "UBSan is not at work"
}

# asan PROGRAM...
asan() {
    local program
    checker=asan
    sanitize "${asan_flags[@]}"
    grep -q __asan_report "$scratch/symbols" || die "ASan is not at work"
    # libasan's start-up must not set limits: our hook would be entered before
    # its shadow is there. The library allocates nothing that could leak.
    export ASAN_OPTIONS=disable_coredump=0:detect_leaks=0
    export UBSAN_OPTIONS=print_stacktrace=1
    alone "${asan_flags[@]}"
    PRELOAD_FIRST=$("${cc[@]}" -print-file-name=libasan.so)
    export PRELOAD_FIRST WAYS=${WAYS:-auto always}
    for program in "$@"; do
        three_ways "tests/$program.t"
    done
    unset PRELOAD_FIRST
}

# libasan's own poll() can't bear arrays shorter than they claim to be, of which
# the random test makes use: UBSan alone.
random_calls() {
    echo "== diff/run"
    rm -rf "$scratch/library"
    sanitize -fsanitize=undefined -fno-sanitize-recover=undefined
    succeeds diff/run \
        env PRELOAD_FIRST= LIBEPOLLSHIM="$library" LIBRESTLESS= \
        "$tests/diff/run"
}
