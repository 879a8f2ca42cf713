# SPDX-License-Identifier: MIT
#
# Starting and ending the server, and what it may use; sourced by run and by the
# benchmarks of servers. Owns server_pid and port.

server_pid=
port=

end_server() {
    local i
    [ -n "$server_pid" ] || return 0
    # It leads a process group of its own.
    kill -TERM -- "-$server_pid" 2>/dev/null || :
    for ((i = 0; i < 100; i++)); do
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$server_pid" 2>/dev/null || :
    wait "$server_pid" 2>/dev/null || :
    server_pid=
}

# Server and load each on a processor of its own: on a common one the load
# would preempt the server at each reply and have asked again before the
# server looks, so that it goes on with one connection and never waits.
choose_processors() {
    local allowed
    allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
    on_server=(taskset -c "${allowed%%[-,]*}")
    on_load=(taskset -c "${allowed##*[-,]}")
}

# lighttpd takes no more connections than half as many as its descriptors.
allow_all_descriptors() {
    descriptors=$(((idle + active) * 2 + 100))
    ulimit -Sn "$descriptors" 2>/dev/null ||
        ulimit -n "$descriptors" 2>/dev/null ||
        [ "$(ulimit -Sn)" -ge "$descriptors" ] ||
        die "$descriptors descriptors are needed: raise ulimit -Hn"
}

# What the load speaks to the server, with a new connection each request or not.
protocol_of_load() {
    case $server-$new_connections in
    memcached-*) echo memcached ;;
    *-yes) echo http-close ;;
    *) echo http ;;
    esac
}

# NAME_command MODE PORT: sets `command`, and in `environment` what makes the
# server wait as the mode says.

lighttpd_command() { # MODE PORT
    local handler=poll
    [ "$1" != epoll ] || handler=linux-sysepoll
    cat >"$work/lighttpd.conf" <<END
server.document-root = "$work/root"
server.bind = "127.0.0.1"
server.port = $2
server.event-handler = "$handler"
server.max-fds = $descriptors
server.max-connections = $((descriptors / 2))
server.max-read-idle = 3600
server.max-keep-alive-idle = 3600
server.max-keep-alive-requests = 60000
END
    command=(lighttpd -D -f "$work/lighttpd.conf")
    environment=()
}

memcached_command() { # MODE PORT
    command=(memcached -l 127.0.0.1 -p "$2" -U 0 -t 1 -b 4096
        -c "$((idle + active + 50))")
    [ "$(id -u)" != 0 ] || command+=(-u root)
    environment=()
    [ "$1" != epoll ] || return 0
    environment=(EVENT_NOEPOLL=1)
    [ "$call" = poll ] || environment+=(EVENT_NOPOLL=1)
}

answers_on() { # PORT
    (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_server MODE: sets server_pid and port. A port that is taken makes the
# server end at once: then another one is tried.
start_server() {
    local try i
    for try in 1 2 3 4 5; do
        port=$((RANDOM % 10000 + 20000))
        ! answers_on "$port" || continue
        "${server}_command" "$1" "$port"
        [ "$1" != library ] ||
            environment+=(LD_PRELOAD="$library"
                EPOLLSHIM_STATS="$work/stats.%p")
        setsid "${on_server[@]}" env -u LD_PRELOAD "${environment[@]}" \
            "${command[@]}" >"$work/server.log" 2>&1 </dev/null &
        server_pid=$!
        for ((i = 0; i < 100; i++)); do
            kill -0 "$server_pid" 2>/dev/null || break
            ! answers_on "$port" || return 0
            sleep 0.1
        done
        end_server
    done
    cat "$work/server.log" >&2
    die "$server did not start"
}

