/* SPDX-License-Identifier: MIT */
/*
 * What is run: a number of episodes, each with descriptors of its own, each
 * made from nothing but the plan and its own number.
 */
#ifndef DIFF_PLAN_H
#define DIFF_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "op.h"

enum mode {
    MODE_CALM,
    MODE_BLOCKING,
    MODE_RAW,
    MODE_THREADS,
    MODE_FORK
};
#define MODES 5

struct plan {
    uint64_t seed;
    enum mode mode;
    /* The calls of all threads together; the descriptors of an episode. */
    int calls;
    int fds;
    int threads;
    /* Only this episode, if not -1. */
    int episode;
};

const char *mode_name(enum mode mode);
bool mode_parse(const char *word, enum mode *mode);

/* Makes the ops of an episode; returns the calls among them. */
int plan_episode(const struct plan *plan, int thread, int episode,
                 struct op_list *ops);

#endif
