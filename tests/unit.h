/* SPDX-License-Identifier: MIT */
/*
 * Tests of the library's parts, linked into the test itself and run without a
 * preload. Random ones compare with a slow and obvious model; their seed is
 * printed, and UNIT_SEED=N gives the same run again.
 */
#ifndef UNIT_H
#define UNIT_H

/* As the parts themselves are compiled. */
#include "plain.h"

#include "diff/rng.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* CMocka wants those before it. */
#include <cmocka.h>

#define UNIT_SECONDS 300 /* a test that has not ended by then hangs */

/* A generator from UNIT_SEED, or from a new seed; either is printed. */
static inline struct rng unit_rng(void)
{
    const char *given = getenv("UNIT_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed =
        (uint32_t)(now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec);
    if (given)
        seed = strtoull(given, NULL, 10);
    printf("seed %" PRIu64 "; again: UNIT_SEED=%" PRIu64 "\n", seed, seed);
    return rng_for(seed, 0, 0);
}

/* clang-format off */
#define UNIT_MAIN(...)                                                         \
    int main(void)                                                             \
    {                                                                          \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                       \
                                                                               \
        setvbuf(stdout, NULL, _IOLBF, 0);                                      \
        alarm(UNIT_SECONDS);                                                   \
        return cmocka_run_group_tests(tests, NULL, NULL) != 0;                 \
    }
/* clang-format on */

#endif
