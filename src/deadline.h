/* SPDX-License-Identifier: MIT */
/*
 * How long a call may still wait. While a process is stopped, poll()'s timeout
 * runs on; that of ppoll(), select() and pselect() stands still (G1b). So the
 * end of the one is a moment on the clock, that of the others an amount, which
 * waits use up.
 */
#ifndef EPS_DEADLINE_H
#define EPS_DEADLINE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef __GLIBC__
_Static_assert(sizeof(time_t) == sizeof(long),
               "build without _TIME_BITS: the library serves both widths");
#endif

#define EPS_FOR_EVER (-1)
#define EPS_MS INT64_C(1000000) /* in ns, as everything here */

struct eps_deadline {
    int64_t left;    /* from `started` on, or not used up; < 0: for ever */
    int64_t started; /* the first wait, on the monotonic clock; 0: none yet */
    int64_t spent;   /* since then, as far as it is known without the clock */
    bool absolute;   /* poll(): the end is a moment */
};

static inline struct eps_deadline eps_deadline_of_ms(int ms)
{
    return (struct eps_deadline){.left = ms < 0 ? EPS_FOR_EVER : ms * EPS_MS,
                                 .absolute = true};
}

/* A timeout beyond 200 years is for ever. */
static inline struct eps_deadline
eps_deadline_of_timespec(const struct timespec *timeout)
{
    int64_t seconds = timeout ? timeout->tv_sec : INT64_MAX;

    if (seconds > INT64_C(0x17fffffff))
        return (struct eps_deadline){.left = EPS_FOR_EVER};
    return (struct eps_deadline){.left = seconds * INT64_C(1000000000) +
                                         timeout->tv_nsec};
}

static inline int64_t eps_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A wait begins at `now`. */
static inline void eps_deadline_start(struct eps_deadline *deadline,
                                      int64_t now)
{
    if (!deadline->started)
        deadline->started = now;
}

/*
 * EPS_FOR_EVER, or what is left; 0 when nothing is. What waits have used up has
 * passed, even if the clock stands still: another library, such as libfaketime,
 * may have it do so.
 */
static inline int64_t eps_deadline_left(const struct eps_deadline *deadline)
{
    int64_t left = deadline->left, passed;

    if (left <= 0 || !deadline->absolute || !deadline->started)
        return left;
    passed = eps_clock_ns() - deadline->started;
    left -= passed > deadline->spent ? passed : deadline->spent;
    return left > 0 ? left : 0;
}

/* A wait, or what we did between two, has taken so long. */
static inline void eps_deadline_spend(struct eps_deadline *deadline,
                                      int64_t spent)
{
    if (deadline->left < 0)
        return;
    if (deadline->absolute)
        deadline->spent += spent;
    else
        deadline->left = spent < deadline->left ? deadline->left - spent : 0;
}

/* What is left, as far as that can be told without a look at the clock. */
static inline int64_t eps_deadline_rest(const struct eps_deadline *deadline)
{
    int64_t left = deadline->left;

    if (left <= 0)
        return left;
    return left > deadline->spent ? left - deadline->spent : 0;
}

/* For poll(): whole milliseconds, rounded up so as not to wake early. */
static inline int eps_ms_of(int64_t left)
{
    return left < 0 ? -1 : (int)((left + EPS_MS - 1) / EPS_MS);
}

static inline struct timespec eps_timespec_of(int64_t left)
{
    return (struct timespec){left / 1000000000, left % 1000000000};
}

#endif
