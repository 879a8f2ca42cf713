/* SPDX-License-Identifier: MIT */
/* A small random number generator (splitmix64): same seed, same numbers. */
#ifndef DIFF_RNG_H
#define DIFF_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number from 0 to n - 1. */
static inline int rng_below(struct rng *r, int n)
{
    return (int)(rng_next(r) % (uint64_t)n);
}

/* A number from low to high, both included. */
static inline int rng_range(struct rng *r, int low, int high)
{
    return low + rng_below(r, high - low + 1);
}

/* True in percent cases of a hundred. */
static inline bool rng_chance(struct rng *r, int percent)
{
    return rng_below(r, 100) < percent;
}

/* A generator of its own for each of these three together. */
static inline struct rng rng_for(uint64_t seed, int thread, int episode)
{
    struct rng r = {seed * 0x2545f4914f6cdd1du};
    r.state ^= rng_next(&r) + (uint64_t)thread;
    r.state ^= rng_next(&r) + (uint64_t)episode;
    return r;
}

#endif
