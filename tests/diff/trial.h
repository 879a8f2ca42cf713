/* SPDX-License-Identifier: MIT */
/*
 * One comparison: the kernel looks, the library looks, and when they differ
 * the kernel looks again. Two looks of the kernel's that agree around one of
 * the library's that does not make a difference.
 */
#ifndef DIFF_TRIAL_H
#define DIFF_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "call.h"
#include "world.h"

enum verdict {
    SAME,
    MOVED,
    DIFFERENT
};

struct trial {
    struct world *w;
    struct call call;
    /* The program's memory, and what it held before the call. */
    void *live;
    size_t bytes;
    void *before;
    /* The kernel's two sides. */
    struct answer kernel;
    void *kernel_memory;
    struct answer library;
    /* What it said when asked once more; and no thread had changed a thing. */
    int again;
    bool stayed;
    /* The kernel is asked of a library's own descriptors, too. */
    bool shows_foreign;
    /* In words, how they differ. */
    const char *why;
};

/* Runs the call; counts it; reports a difference, which it returns as true. */
bool trial_run(struct world *w, const struct call *call, void *live,
               size_t bytes);

/* One look of the kernel's, at memory as it was before the call. */
void trial_ask_kernel(struct trial *t);

/* Gives the program's memory back its contents, and calls the library. */
void trial_ask_library(struct trial *t);

/* How the answers differ, or NULL. */
const char *trial_difference(const struct trial *t);

/* The same when nothing was ready and the call may sleep: see wait.c. */
enum verdict trial_wait(struct trial *t);

/* Calls until the library has noticed a raw step; DIFFERENT if it does not. */
enum verdict trial_heal(struct trial *t);

/* Prints call, memory, and both answers: see report.c. */
void trial_report(const struct trial *t);

/* A process that finds a difference prints its pid and stops. */
void trial_stop_at_difference(void);

/* From the N-th call on, one answer of the library's is falsified. */
void trial_break_at(unsigned long call);

#endif
