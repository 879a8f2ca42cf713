/* SPDX-License-Identifier: MIT */
#ifndef SOAK_CLOCK_H
#define SOAK_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t soak_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

#endif
