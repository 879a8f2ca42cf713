/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations, for percentiles. Buckets widen with the value, so
 * that a percentile is known to within 2 % whatever its size.
 */
#ifndef DEMO_LATENCY_H
#define DEMO_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS 64 /* buckets for each power of two */

struct latency {
    uint64_t count;
    uint64_t buckets[64 * LATENCY_STEPS];
};

void latency_clear(struct latency *latency);
void latency_add(struct latency *latency, uint64_t ns);

/* The duration that `share` of all stay within, 0 when there are none. */
uint64_t latency_percentile(const struct latency *latency, double share);

#endif
