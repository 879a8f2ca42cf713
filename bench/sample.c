/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_NS 3e6
#define ROUNDS_AT_LEAST 7

static double read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double sample_clock(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static unsigned batch_limit(const struct loop *loop)
{
    return loop->shape->at_most > 0 ? loop->shape->at_most : UINT_MAX / 4;
}

/* The first turns after another party's find cold caches, which is no party's
 * fault; where a turn touches megabytes it would be all that is seen. They are
 * made but not timed. */
static double time_batch(struct loop *loop, unsigned turns)
{
    unsigned lead = turns / 4 + 1;

    loop_provide(loop, lead + turns);
    loop_run(loop, lead);
    double start = sample_clock();
    loop_run(loop, turns);
    return sample_clock() - start;
}

/* As many turns, a power of two, as fill a batch. */
static unsigned find_batch(struct loop *loop)
{
    unsigned turns = 1;

    while (2 * turns <= batch_limit(loop) && time_batch(loop, turns) < BATCH_NS)
        turns *= 2;
    return turns;
}

void sample_warm_up(struct loop *loop, double seconds)
{
    unsigned turns = batch_limit(loop) < 64 ? batch_limit(loop) : 64;

    for (double spent = 0; spent < seconds * 1e9;)
        spent += time_batch(loop, turns);
}

/* Native and the library go first in turn, the others after them: who follows
 * whom shows in the times of short turns. */
static void take_round(struct samples *samples, struct loop loops[PARTIES],
                       const unsigned turns[PARTIES], unsigned round)
{
    for (int i = 0; i < PARTIES; i++) {
        int party = i > LIBRARY || round % 2 == 0 ? i : LIBRARY - i;
        samples->ns[party][round] =
            time_batch(&loops[party], turns[party]) / turns[party];
    }
}

void sample_take(struct samples *samples, struct loop loops[PARTIES],
                 double seconds)
{
    unsigned turns[PARTIES];

    for (int party = 0; party < PARTIES; party++)
        turns[party] = find_batch(&loops[party]);

    double end = read_clock(CLOCK_MONOTONIC) + seconds * 1e9;
    for (unsigned round = 0; round < ROUNDS_AT_MOST; round++) {
        if (round >= ROUNDS_AT_LEAST && read_clock(CLOCK_MONOTONIC) >= end)
            break;
        take_round(samples, loops, turns, round);
        samples->rounds = round + 1;
    }
}

static int compare(const void *one, const void *other)
{
    const double *a = one;
    const double *b = other;

    return (*a > *b) - (*a < *b);
}

double sample_median(const double *values, unsigned count)
{
    static double sorted[ROUNDS_AT_MOST];

    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}
