/* SPDX-License-Identifier: MIT */
/* The choices a plan is made of, each drawn from the generator alone. */
#ifndef DIFF_DRAW_H
#define DIFF_DRAW_H

#include <stdbool.h>

#include "plan.h"
#include "rng.h"

/* What one episode is made with. */
struct draft {
    const struct plan *plan;
    struct op_list *ops;
    struct rng rng;
    int slots;
    int calls;
    /* Little is ever ready, so that calls sleep. */
    bool sleepy;
    /* Nothing but sockets and pipes, all of them open, so that an array may be
     * all epoll's. */
    bool plain;
};

int draw_below(struct draft *d, int n);
int draw_chance(struct draft *d, int percent);

int any_slot(struct draft *d);
int any_kind(struct draft *d);
int any_events(struct draft *d);
int any_array(struct draft *d);
int any_bag(struct draft *d);
int any_number(struct draft *d);
int any_how(struct draft *d);
int any_timeout(struct draft *d);
int any_mask(struct draft *d);
bool any_idleness(struct draft *d);
int any_size(struct draft *d);

#endif
