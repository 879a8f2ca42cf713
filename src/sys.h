/* SPDX-License-Identifier: MIT */
/*
 * System calls that no preload sees.
 *
 * The library's own calls enter the kernel directly: another preload may
 * wrap or deny epoll, and libc's wrappers set errno, which a successful
 * poll() must leave alone. Every function answers like the kernel does:
 * >= 0, or -errno. None is a cancellation point, none takes a lock; all may
 * be called from a signal handler.
 */
#ifndef EPS_SYS_H
#define EPS_SYS_H

#include "trap.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef EPS_HAVE_TRAP

static inline long eps_sys(long nr, long a, long b, long c, long d, long e,
                           long f)
{
    return eps_trap(nr, a, b, c, d, e, f);
}

#else

/* A syscall() does the register work: the next one in line (next.c, sys.c). */
long eps_sys(long nr, long a, long b, long c, long d, long e, long f);

/* By that function, whose errno is undone. */
static inline long eps_sys_by(long (*by)(long, ...), long nr, long a, long b,
                              long c, long d, long e, long f)
{
    int saved = errno;
    long ret = by(nr, a, b, c, d, e, f);

    if (ret == -1)
        ret = -errno;
    errno = saved;
    return ret;
}

#endif

/* Names for what 32-bit processors of late have with 64-bit times alone. */
#if !defined(SYS_pselect6) && defined(SYS_pselect6_time64)
#define SYS_pselect6 SYS_pselect6_time64
#endif
#if !defined(SYS_ppoll) && defined(SYS_ppoll_time64)
#define SYS_ppoll SYS_ppoll_time64
#endif
#if !defined(SYS_rt_sigtimedwait) && defined(SYS_rt_sigtimedwait_time64)
#define SYS_rt_sigtimedwait SYS_rt_sigtimedwait_time64
#endif

#define EPS_SYS0(nr) eps_sys(nr, 0, 0, 0, 0, 0, 0)
#define EPS_SYS1(nr, a) eps_sys(nr, (long)(a), 0, 0, 0, 0, 0)
#define EPS_SYS2(nr, a, b) eps_sys(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define EPS_SYS3(nr, a, b, c)                                                  \
    eps_sys(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define EPS_SYS4(nr, a, b, c, d)                                               \
    eps_sys(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define EPS_SYS5(nr, a, b, c, d, e)                                            \
    eps_sys(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define EPS_SYS6(nr, a, b, c, d, e, f)                                         \
    eps_sys(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),         \
            (long)(f))

#endif
