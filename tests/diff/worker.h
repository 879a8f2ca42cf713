/* SPDX-License-Identifier: MIT */
/*
 * Runs happen in a process of their own, so that a crash or a hang is a
 * result like any other, and can be shrunk like any other.
 */
#ifndef DIFF_WORKER_H
#define DIFF_WORKER_H

#include <stdbool.h>

#include "op.h"
#include "plan.h"
#include "tally.h"

enum outcome {
    GOOD,
    DIFFERS,
    HANGS,
    CRASHES
};

struct job {
    const struct plan *plan;
    /* Instead of the plan's own ops, if not NULL. */
    const struct op_list *script;
    /* The call at which an answer is falsified; 0 is none. */
    unsigned long broken;
    /* It stops at a difference. */
    bool stop;
    /* Seconds without progress after which a run counts as hung. */
    int patience;
    /* Its output is of no interest. */
    bool quiet;
};

/* Runs the job; *result is what it counted. */
enum outcome worker_run(const struct job *job, struct tally *result);

const char *outcome_name(enum outcome outcome);

#endif
