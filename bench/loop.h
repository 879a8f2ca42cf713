/* SPDX-License-Identifier: MIT */
/*
 * A loop: one way to wait, through one party's functions, in one shape.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include "shape.h"
#include "stage.h"
#include "waiter.h"

#include <stdbool.h>
#include <stdint.h>

struct visitors;

typedef struct waiter *waiter_open(const struct calls *calls, int *fds,
                                   unsigned count);

struct loop {
    const struct shape *shape;
    const struct calls *calls;
    const struct stage *stage; /* of the first waiter */
    struct waiter *waiters[2]; /* the second only for shape two */
    struct waiter *waiter;     /* the one whose turn it is */
    bool walks;                /* looks for what is ready, as a program does */
    uint64_t turn;             /* calls so far */

    int writers[STAGE_ACTORS]; /* wake: the far ends of the actors */
    struct visitors *visitors; /* reopen: who comes in place of an actor */
    unsigned away;             /* swap: the slot that has left */
};

/* `stages`: one, or two for shape two. */
void loop_open(struct loop *loop, const struct shape *shape, waiter_open *way,
               const struct calls *calls, const struct stage *stages);

/* Makes so many turns. Before them, and not between, come loop_provide()'s
 * preparations for as many. */
void loop_provide(struct loop *loop, unsigned turns);
void loop_run(struct loop *loop, unsigned turns);

/* One turn. answers[slot] is what the call said of each slot; returns what
 * it returned. */
int loop_answer(struct loop *loop, short *answers);

#endif
