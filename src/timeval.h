/* SPDX-License-Identifier: MIT */
/*
 * select()'s time: what of it we may work on, and what is written back.
 */
#ifndef EPS_TIMEVAL_H
#define EPS_TIMEVAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

/* select()'s is rewritten by libc in odd cases (T1): those are native. */
static inline bool eps_timeval_is_fit(const struct timeval *timeout)
{
    return !timeout || (timeout->tv_sec >= 0 && timeout->tv_sec <= INT_MAX &&
                        timeout->tv_usec >= 0 && timeout->tv_usec < 1000000);
}

/*
 * What is left of the time is truncated to microseconds, so a call that finds
 * something at once leaves at most one less. A native wait does it by itself.
 */
static inline void eps_timeval_take_one(struct timeval *left)
{
    if (left->tv_usec > 0) {
        left->tv_usec--;
    } else if (left->tv_sec > 0) {
        left->tv_sec--;
        left->tv_usec = 999999;
    }
}

#endif
