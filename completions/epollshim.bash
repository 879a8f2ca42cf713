# SPDX-License-Identifier: MIT
#
# bash completion for epollshim. Commands and options are asked of the command
# itself, so that they are those of the version that is installed.

_epollshim_commands() {
    "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

_epollshim_options() { # EPOLLSHIM COMMAND
    "$1" "$2" --help 2>/dev/null |
        sed -n 's/^  [ -][^ ]* *\(--[a-z-]*=\{0,1\}\).*/\1/p'
}

# True if the option, long or short, is followed by a value.
_epollshim_takes_value() { # EPOLLSHIM COMMAND OPTION
    [[ $3 == -* ]] && "$1" "$2" --help 2>/dev/null |
        sed -n 's/^  \(-[a-zA-Z]\)\{0,1\},\{0,1\} *\(--[a-z-]*\)=.*/\1\n\2/p' |
        grep -qx -- "$3"
}

# What an option takes; empty: a file name.
_epollshim_values() { # COMMAND OPTION
    case "$1 $2" in
    *' '--policy | 'run -p') echo auto always never ;;
    *' '--log | 'run -l') echo off error warn info debug ;;
    *' '--call) echo poll select ;;
    *' '--sort | 'top -s') echo calls saved watched pid ;;
    esac
}

# Programs, by name or path. Of a path, bash is to quote what has to be, and to
# end no word at a directory.
_epollshim_programs() { # CURRENT
    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$1")
    [[ $1 != */* ]] || compopt -o filenames 2>/dev/null
}

# Where the program stands that is to be run, in $i; or where it will.
_epollshim_find_program() { # EPOLLSHIM COMMAND FIRST
    for ((i = $3; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --) i=$((i + 1)) && return ;;
        =) i=$((i + 1)) ;; # "--name=value" is three words
        -*)
            if [ "${COMP_WORDS[i + 1]}" != = ] &&
                _epollshim_takes_value "$1" "$2" "${COMP_WORDS[i]}"; then
                i=$((i + 1))
            fi
            ;;
        *) return ;;
        esac
    done
}

_epollshim() {
    local current=$2 previous=$3 program=$1 command=run first=1 option word i
    COMPREPLY=()

    if [ "$COMP_CWORD" -gt 1 ]; then
        word=${COMP_WORDS[1]}
        if _epollshim_commands "$program" | grep -qx -- "$word"; then
            command=$word first=2
        fi
    fi

    # Behind a program stand its own arguments.
    case $command in
    run | verify | trace)
        _epollshim_find_program "$program" "$command" "$first"
        if [ "$i" -lt "$COMP_CWORD" ]; then
            if [ "$(type -t _command_offset)" = function ]; then
                _command_offset "$i"
            else
                compopt -o default 2>/dev/null
            fi
            return
        fi
        ;;
    esac

    if [ "$current" = "=" ]; then
        option=$previous current=
    elif [ "$previous" = "=" ]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    elif _epollshim_takes_value "$program" "$command" "$previous"; then
        option=$previous
    fi
    if [ -n "${option-}" ]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_epollshim_values "$command" "$option")" \
                -- "$current")
        [ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
        return
    fi

    if [[ $current == -* ]]; then
        word=$(_epollshim_options "$program" "$command")
        [ "$COMP_CWORD" -gt 1 ] || word+=" --version"
        mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
        [[ ${COMPREPLY[*]-} != *= ]] || compopt -o nospace 2>/dev/null
        return
    fi

    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_epollshim_commands "$program")" -- "$current"
        )
        _epollshim_programs "$current"
        return
    fi
    case $command in
    run | verify | trace | check) _epollshim_programs "$current" ;;
    esac
    compopt -o default 2>/dev/null
}

complete -F _epollshim epollshim
