/* SPDX-License-Identifier: MIT */
/*
 * System calls of what is no library: the command, and the tests of parts.
 * There syscall() is libc's own, and nothing is next in line (next.c).
 */
#include "sys.h"

#ifndef EPS_HAVE_TRAP

long eps_sys(long nr, long a, long b, long c, long d, long e, long f)
{
    return eps_sys_by(syscall, nr, a, b, c, d, e, f);
}

#endif
