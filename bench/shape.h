/* SPDX-License-Identifier: MIT */
/*
 * What a loop does around its call, as real loops do: one table row each.
 */
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include "waiter.h"

#include <stdbool.h>

struct loop;

struct shape {
    const char *name;
    const char *story;

    bool acting;      /* some slots belong to each loop alone */
    bool two;         /* a loop has two sets of slots */
    bool single;      /* each turn makes a second call, on one descriptor */
    bool sleeps;      /* each call waits for another thread */
    unsigned at_most; /* turns between two times of provide(); 0: any */

    /* Puts the actors' descriptors into `fds`, which has all others. */
    void (*open)(struct loop *loop, int *fds);

    void (*provide)(struct loop *loop, unsigned turns); /* is not timed */
    void (*before)(struct loop *loop);
    void (*after)(struct loop *loop);
};

/* NULL when there is none of that name. */
const struct shape *shape_find(const char *name);
void shape_list(void);

/* Whether a way to wait can take this shape. */
bool shape_suits(const struct shape *shape, const struct waiter *waiter);

#endif
