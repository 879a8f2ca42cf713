/* SPDX-License-Identifier: MIT */
/*
 * Times of several loops, taken in turn, and their medians.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include "loop.h"

/* Who is timed, in this order. The idle ones make every change to what they
 * watch but do not call: what remains is the loop's own work. */
enum party {
    NATIVE,
    LIBRARY,
    EPOLL,
    IDLE,       /* of the first two */
    IDLE_EPOLL, /* of the third */
    PARTIES,
};

#define ROUNDS_AT_MOST 4000

struct samples {
    unsigned rounds;
    double ns[PARTIES][ROUNDS_AT_MOST]; /* per turn */
};

/* Makes turns for so many seconds of processor time. */
void sample_warm_up(struct loop *loop, double seconds);

/* Takes rounds for so many seconds, but never fewer than seven. Each batch
 * of turns takes some milliseconds, so that what a change of party costs the
 * caches does not count. */
void sample_take(struct samples *samples, struct loop loops[PARTIES],
                 double seconds);

double sample_median(const double *values, unsigned count);

/* Processor time of this process in nanoseconds: that others run does not
 * count, and that a turn changes threads does. */
double sample_clock(void);

#endif
