/* SPDX-License-Identifier: MIT */
/* The monotonic clock, by which live pages tell the time too. */
#ifndef CMD_CLOCK_H
#define CMD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t cmd_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline double cmd_clock_seconds(void)
{
    return (double)cmd_clock_ns() / 1e9;
}

#endif
