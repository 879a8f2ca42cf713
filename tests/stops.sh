# SPDX-License-Identifier: MIT
#
# Sourced by the tests in bash. One that set -e stops says where, and at what:
# it once failed with no word of why.

stopped() { # STATUS LINE COMMAND
    [ "$BASH_SUBSHELL" != 0 ] ||
        echo "not ok - stopped in line $2, status $1: $3"
}
trap 'stopped "$?" "$LINENO" "$BASH_COMMAND"' ERR
set -o errtrace
