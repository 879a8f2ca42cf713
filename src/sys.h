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

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)

static inline long eps_sys(long nr, long a, long b, long c, long d, long e,
                           long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#elif defined(__aarch64__)

static inline long eps_sys(long nr, long a, long b, long c, long d, long e,
                           long f)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

#else

/* Elsewhere libc's syscall() does the register work; its errno is undone. */
long eps_sys_libc(long nr, long a, long b, long c, long d, long e, long f);

static inline long eps_sys(long nr, long a, long b, long c, long d, long e,
                           long f)
{
    return eps_sys_libc(nr, a, b, c, d, e, f);
}

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
