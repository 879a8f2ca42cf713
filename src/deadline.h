/* SPDX-License-Identifier: MIT */
/*
 * How long a call may still wait. Only a call that wakes up without an
 * answer ever asks the clock twice.
 */
#ifndef EPS_DEADLINE_H
#define EPS_DEADLINE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct eps_deadline {
    int64_t total;   /* ns the caller allows; < 0: for ever */
    int64_t started; /* ns on the monotonic clock; 0: not waited yet */
};

#define EPS_FOR_EVER (-1)

static inline struct eps_deadline eps_deadline_of_ms(int ms)
{
    return (struct eps_deadline){
        ms < 0 ? EPS_FOR_EVER : ms * INT64_C(1000000), 0};
}

/* A timeout beyond 200 years is for ever. */
static inline struct eps_deadline
eps_deadline_of_timespec(const struct timespec *timeout)
{
    if (!timeout || timeout->tv_sec > INT64_C(0x17fffffff))
        return (struct eps_deadline){EPS_FOR_EVER, 0};
    return (struct eps_deadline){
        timeout->tv_sec * INT64_C(1000000000) + timeout->tv_nsec, 0};
}

static inline int64_t eps_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The wait begins now, unless it has begun before. */
static inline void eps_deadline_start(struct eps_deadline *deadline)
{
    if (deadline->total > 0 && !deadline->started)
        deadline->started = eps_clock_ns();
}

/* ns that are left; EPS_FOR_EVER, or 0 when there are none. */
static inline int64_t eps_deadline_left(const struct eps_deadline *deadline)
{
    int64_t left;

    if (deadline->total <= 0 || !deadline->started)
        return deadline->total;
    left = deadline->started + deadline->total - eps_clock_ns();
    return left > 0 ? left : 0;
}

/* For poll(): whole milliseconds, rounded up so as not to wake early. */
static inline int eps_ms_of(int64_t left)
{
    return left < 0 ? -1 : (int)((left + 999999) / 1000000);
}

static inline struct timespec eps_timespec_of(int64_t left)
{
    return (struct timespec){left / 1000000000, left % 1000000000};
}

#endif
