/* SPDX-License-Identifier: MIT */
/* Random numbers, the same from the same seed (splitmix64). */
#ifndef SOAK_RNG_H
#define SOAK_RNG_H

#include <stdint.h>

static inline uint64_t soak_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* 0 to below - 1. */
static inline unsigned soak_draw(uint64_t *state, unsigned below)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(soak_mix(*state) >> 32) % below;
}

#endif
