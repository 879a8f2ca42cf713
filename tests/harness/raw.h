/* SPDX-License-Identifier: MIT */
/*
 * System calls which no preload library can see: the instruction itself.
 * They return -errno as the kernel does, and leave errno alone.
 */
#ifndef HARNESS_RAW_H
#define HARNESS_RAW_H

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "trap.h"

#ifndef EPS_HAVE_TRAP
#error "the way into the kernel has to be written down in src/trap.h"
#endif

static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
                                long f)
{
    return eps_trap(nr, a, b, c, d, e, f);
}

/* Which of two numbers takes times as wide as this program's. */
#ifdef SYS_ppoll_time64
#define RAW_BY_TIME(narrow, wide)                                              \
    (sizeof(time_t) > sizeof(long) ? (wide) : (narrow))
#define RAW_PPOLL RAW_BY_TIME(SYS_ppoll, SYS_ppoll_time64)
#define RAW_PSELECT6 RAW_BY_TIME(SYS_pselect6, SYS_pselect6_time64)
#else
#define RAW_PPOLL SYS_ppoll
#define RAW_PSELECT6 SYS_pselect6
#endif

#define raw_syscall3(nr, a, b, c)                                              \
    raw_syscall6((nr), (long)(a), (long)(b), (long)(c), 0, 0, 0)

static inline int raw_close(int fd)
{
    return (int)raw_syscall3(SYS_close, fd, 0, 0);
}

static inline int raw_dup(int fd)
{
    return (int)raw_syscall3(SYS_dup, fd, 0, 0);
}

static inline int raw_dup3(int from, int to)
{
    return (int)raw_syscall3(SYS_dup3, from, to, 0);
}

static inline int raw_pipe(int fds[2])
{
    return (int)raw_syscall3(SYS_pipe2, fds, 0, 0);
}

static inline int raw_open(const char *path, int flags)
{
    return (int)raw_syscall6(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline int raw_fcntl(int fd, int cmd, long arg)
{
    return (int)raw_syscall3(SYS_fcntl, fd, cmd, arg);
}

/* The kernel's own poll(); timeout NULL waits for ever. */
static inline int raw_ppoll(struct pollfd *fds, size_t n,
                            struct timespec *timeout)
{
    return (int)raw_syscall6(RAW_PPOLL, (long)fds, (long)n, (long)timeout, 0, 0,
                             0);
}

/* The kernel's own select(). */
static inline int raw_pselect6(int n, fd_set *r, fd_set *w, fd_set *x,
                               struct timespec *timeout)
{
    return (int)raw_syscall6(RAW_PSELECT6, n, (long)r, (long)w, (long)x,
                             (long)timeout, 0);
}

#endif
