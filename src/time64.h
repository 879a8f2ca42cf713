/* SPDX-License-Identifier: MIT */
/*
 * 64-bit times on 32-bit processors. glibc has each call that takes a time
 * twice there; a program built with _TIME_BITS=64 calls the wider. The way
 * of a call knows the narrower alone: what doesn't fit is beyond 68 years,
 * and cut. Where the kernel is to judge, it gets the caller's own.
 */
#ifndef EPS_TIME64_H
#define EPS_TIME64_H

#include <limits.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

struct eps_timespec64 {
    int64_t tv_sec;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    int32_t padding;
#endif
    int32_t tv_nsec;
#if __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
    int32_t padding;
#endif
};

struct eps_timeval64 {
    int64_t tv_sec;
    int64_t tv_usec;
};

static inline time_t eps_narrow_seconds(int64_t seconds)
{
    return (time_t)(seconds < 0 ? -1 : seconds > INT_MAX ? INT_MAX : seconds);
}

/* `wide` may be NULL: then so is the answer. */
static inline const struct timespec *
eps_narrow_timespec(const struct eps_timespec64 *wide, struct timespec *narrow)
{
    if (!wide)
        return NULL;
    narrow->tv_sec = eps_narrow_seconds(wide->tv_sec);
    narrow->tv_nsec = wide->tv_nsec;
    return narrow;
}

/* The caller's own, but where the call has slept and only a rest is left. */
static inline const struct eps_timespec64 *
eps_widen_rest(const struct eps_timespec64 *wide, bool slept,
               const struct timespec *left, struct eps_timespec64 *room)
{
    if (!wide || !slept)
        return wide;
    *room = (struct eps_timespec64){.tv_sec = left->tv_sec,
                                    .tv_nsec = (int32_t)left->tv_nsec};
    return room;
}

/* select() cuts the microseconds itself (T1). */
static inline struct timeval *
eps_narrow_timeval(const struct eps_timeval64 *wide, struct timeval *narrow)
{
    if (!wide)
        return NULL;
    narrow->tv_sec = eps_narrow_seconds(wide->tv_sec);
    narrow->tv_usec = (int32_t)wide->tv_usec;
    return narrow;
}

/* What is left, with what was cut. */
static inline void eps_widen_timeval(struct eps_timeval64 *wide,
                                     const struct timeval *left)
{
    if (!wide)
        return;
    wide->tv_sec += left->tv_sec - eps_narrow_seconds(wide->tv_sec);
    wide->tv_usec = left->tv_usec;
}

#endif
