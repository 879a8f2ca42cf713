# SPDX-License-Identifier: MIT
#
# Which system calls the server makes under the library; sourced by run.

# poll() has its number of descriptors behind the array; of select()'s sets,
# strace prints the members, and what follows the sets is in braces.
print_sizes() { # TRACE
    awk '
        function members(text,    size, count, i, word) {
            sub(/ \{.*/, "", text)
            sub(/ = .*/, "", text)
            gsub(/[][,]/, " ", text)
            count = split(text, word, " ")
            for (i = 1; i <= count; i++)
                size += word[i] ~ /^[0-9]+$/
            return size
        }
        / p?poll\(/ && match($0, /\], [0-9]+/) {
            size = substr($0, RSTART + 3, RLENGTH - 3) + 0
        }
        / (select|pselect6)\([0-9]+, / {
            sub(/.*select6?\([0-9]+, /, "")
            size = members($0)
        }
        size != "" {
            calls++
            short += size < 16
            longest = size > longest ? size : longest
            size = ""
        }
        END {
            printf "Seen by the kernel: %d poll() and select() calls, ", calls
            printf "%d of them on less than\n16 descriptors; ", short
            printf "the longest on %d.\n", longest
        }' "$1"
}

# Requests rest 5 ms: a traced server is so slow that otherwise it would find
# the next one each time it looks, and never wait.
show_system_calls() {
    printf '\nsystem calls of %s under the library:\n' "$server"
    start_server library
    start_load "$work/traced" --seconds=5 --pause=0.005 2>"$work/progress"
    until grep -q measuring "$work/progress"; do
        kill -0 "$load_pid" 2>/dev/null || break
        sleep 0.1
    done
    sleep 1
    timeout --signal=INT 2 strace -f -C -o "$work/trace" -p "$server_pid" \
        2>"$work/strace.log" || :
    end_load library
    end_server
    [ -s "$work/trace" ] || {
        cat "$work/strace.log" >&2
        die "strace could not watch $server"
    }
    sed -n '/^% time/,$p' "$work/trace"
    print_sizes "$work/trace"
}
