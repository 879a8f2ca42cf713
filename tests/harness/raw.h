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

#if defined(__x86_64__)
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
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
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
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
                     : "memory");
    return x0;
}
#else
#error "raw_syscall6 has to be written for this processor"
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
    return (int)raw_syscall6(SYS_ppoll, (long)fds, (long)n, (long)timeout, 0, 0,
                             0);
}

/* The kernel's own select(). */
static inline int raw_pselect6(int n, fd_set *r, fd_set *w, fd_set *x,
                               struct timespec *timeout)
{
    return (int)raw_syscall6(SYS_pselect6, n, (long)r, (long)w, (long)x,
                             (long)timeout, 0);
}

#endif
