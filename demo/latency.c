/* SPDX-License-Identifier: MIT */
#include "latency.h"

#include <string.h>

/* Below LATENCY_STEPS a bucket is a nanosecond wide; above, its number is the
 * value's power of two and the bits that follow the leading one. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < LATENCY_STEPS)
        return (unsigned)ns;
    unsigned shift = 63 - (unsigned)__builtin_clzll(ns) -
                     (unsigned)__builtin_ctz(LATENCY_STEPS);
    return (shift + 1) * LATENCY_STEPS +
           (unsigned)(ns >> shift) % LATENCY_STEPS;
}

static uint64_t middle_of(unsigned bucket)
{
    if (bucket < LATENCY_STEPS)
        return bucket;
    unsigned shift = bucket / LATENCY_STEPS - 1;
    uint64_t start = (uint64_t)(LATENCY_STEPS + bucket % LATENCY_STEPS)
                     << shift;
    return start + (UINT64_C(1) << shift) / 2;
}

void latency_clear(struct latency *latency)
{
    memset(latency, 0, sizeof(*latency));
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->count++;
    latency->buckets[bucket_of(ns)]++;
}

uint64_t latency_percentile(const struct latency *latency, double share)
{
    double wanted = share * (double)latency->count;
    uint64_t seen = 0;
    unsigned last = sizeof(latency->buckets) / sizeof(latency->buckets[0]);

    for (unsigned bucket = 0; bucket < last; bucket++) {
        seen += latency->buckets[bucket];
        if (seen > 0 && (double)seen >= wanted)
            return middle_of(bucket);
    }
    return 0;
}
