# SPDX-License-Identifier: MIT
#
# What was measured, as a table; sourced by run.

name_of() { # MODE
    case $1 in
    native) echo "native $call" ;;
    library) echo "$call, libepollshim" ;;
    epoll) echo "$server's own epoll" ;;
    esac
}

median() { # MODE NAME
    awk -v name="$2" '$1 == name { print $2 }' "$work/$1".* | sort -n |
        awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

counter() { # NAME, summed up over the servers that ran under the library
    cat "$work"/stats.* | awk -v name="$1" '
        $1 == name { sum += $2 } END { printf "%d\n", sum }'
}

print_row() { # MODE SHARE
    local cpu ratio
    cpu=$(median "$1" cpu_us_per_request)
    ratio=$(awk -v a="$cpu" -v b="$(median native cpu_us_per_request)" \
        'BEGIN { printf "%.3f", a / b }')
    printf '%-21s %10s %8s %8s %10s %9s %7s\n' "$(name_of "$1")" \
        "$(median "$1" requests_per_second)" "$(median "$1" p50_us)" \
        "$(median "$1" p99_us)" "$cpu" "$ratio" "$2"
}

print_table() { # SHARE
    local kept="which they keep open"
    [ "$new_connections" = no ] || kept="a new one for each request"
    printf '\n%s: %d idle connections, %d active, %s;\n' \
        "$server" "$idle" "$active" "$kept"
    printf 'medians of %d rounds of %d s; every reply was right.\n\n' \
        "$rounds" "$seconds"
    printf '%-21s %10s %8s %8s %10s %9s %7s\n' '' requests/s 'p50 us' \
        'p99 us' 'CPU us/req' 'to native' 'by epoll'
    print_row native -
    print_row library "$1"
    print_row epoll -
}

print_verdict() {
    awk -v native="$(median native cpu_us_per_request)" \
        -v library="$(median library cpu_us_per_request)" \
        -v epoll="$(median epoll cpu_us_per_request)" -v server="$server" \
        -v call="$call" 'BEGIN {
            printf "\nServer CPU per request under the library: "
            if (library <= native)
                printf "%.1f times less than", native / library
            else
                printf "%.1f times more than", library / native
            printf " native %s,\n", call
            printf "%.2f times that of %s'\''s own epoll.\n", library / epoll,
                server
        }'
}

# What the library says of itself: without an answer from epoll the figures
# above are not about it.
share_of_epoll() {
    local calls answered
    compgen -G "$work/stats.*" >/dev/null ||
        die "the library left no statistics: was it loaded into $server?"
    calls=$(counter calls)
    answered=$(counter answered)
    [ "$answered" -gt 0 ] ||
        die "none of $calls calls under the library was answered by epoll"
    awk -v a="$answered" -v c="$calls" 'BEGIN { printf "%.1f%%", 100*a/c }'
}
