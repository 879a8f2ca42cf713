/* SPDX-License-Identifier: MIT */
/*
 * Programs with 64-bit times on a 32-bit processor. The headers lead them from
 * ppoll(), select() and pselect() to functions of the width. For what no
 * header declares this one does it; and for ppoll() in fortified programs,
 * which glibc 2.36's lead to a function that takes narrow times.
 */
#ifndef HARNESS_WIDE_H
#define HARNESS_WIDE_H

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>

#ifdef _TIME_BITS
#if _TIME_BITS == 64 && __TIMESIZE == 32
#define WIDE_TIMES 1
#endif
#endif

#ifdef WIDE_TIMES

struct narrow_timespec {
    long tv_sec, tv_nsec;
};

/* Fortified ppoll() has had no wide form before glibc 2.37. */
int narrow_ppoll_chk(struct pollfd *, nfds_t, const struct narrow_timespec *,
                     const sigset_t *, size_t) __asm__("__ppoll_chk");

static inline long narrow_seconds(time_t wide)
{
    return wide > LONG_MAX ? LONG_MAX : wide < LONG_MIN ? LONG_MIN : (long)wide;
}

static inline int wide_ppoll_chk(struct pollfd *fds, nfds_t n,
                                 const struct timespec *t, const sigset_t *mask,
                                 size_t size)
{
    if (!t)
        return narrow_ppoll_chk(fds, n, NULL, mask, size);
    struct narrow_timespec narrow = {narrow_seconds(t->tv_sec), t->tv_nsec};
    return narrow_ppoll_chk(fds, n, &narrow, mask, size);
}

int __ppoll64(struct pollfd *, nfds_t, const struct timespec *,
              const sigset_t *);

#define __ppoll_chk wide_ppoll_chk
#define __select __select64
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#define ppoll __ppoll64
#endif

#endif
#endif
