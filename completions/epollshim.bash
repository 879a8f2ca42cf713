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

# What an option takes; empty: a file name.
_epollshim_values() { # OPTION
    case $1 in
    --policy | -p) echo auto always never ;;
    --log | -l) echo off error warn info debug ;;
    --call) echo poll select ;;
    esac
}

_epollshim() {
    local current=$2 previous=$3 program=$1 command=run first=1 option word i
    COMPREPLY=()

    # "--name=value" comes as three words.
    if [ "$current" = "=" ]; then
        option=$previous current=
    elif [ "$previous" = "=" ]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    if [ "$COMP_CWORD" -gt 1 ]; then
        word=${COMP_WORDS[1]}
        if _epollshim_commands "$program" | grep -qx -- "$word"; then
            command=$word first=2
        fi
    fi

    # Behind a program stand its own arguments.
    case $command in
    run | verify | trace)
        for ((i = first; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
            -p | -m | -s | -l | -o) i=$((i + 1)) ;;
            --) break ;;
            -*) ;;
            =) i=$((i + 1)) ;;
            *)
                if [ "$(type -t _command_offset)" = function ]; then
                    _command_offset "$i"
                else
                    compopt -o default 2>/dev/null
                fi
                return
                ;;
            esac
        done
        ;;
    esac

    case $previous in
    -p | -l) option=$previous ;;
    -s | -o) option=--file ;;
    esac
    if [ -n "${option-}" ]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_epollshim_values "$option")" -- "$current")
        [ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
        return
    fi

    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_epollshim_options "$program" "$command")" \
                -- "$current")
        [[ ${COMPREPLY[*]-} != *= ]] || compopt -o nospace 2>/dev/null
        return
    fi

    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_epollshim_commands "$program")" -- "$current"
            compgen -c -- "$current"
        )
        return
    fi
    case $command in
    run | verify | trace | check)
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
        ;;
    esac
    compopt -o default 2>/dev/null
}

complete -F _epollshim epollshim
