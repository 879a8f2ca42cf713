/* SPDX-License-Identifier: MIT */
/*
 * What the worker of a run tells the process that started it: how far it is,
 * and what it counted. In shared memory, so that it outlives a crash, and so
 * that forked children count too.
 */
#ifndef DIFF_TALLY_H
#define DIFF_TALLY_H

#include <stdatomic.h>

struct tally {
    /* Moves as long as the run does. */
    atomic_ulong ticks;
    /* The op that was being executed, or that failed. */
    atomic_int thread, episode, op;
    atomic_int failed;

    atomic_ulong calls;
    /* In children that no library can know to be one. */
    atomic_ulong untold;
    /* By their last answer: something was ready, or the call failed. */
    atomic_ulong ready;
    atomic_ulong refused;
    /* Nothing was ready and the call slept. */
    atomic_ulong slept;
    /* The kernel itself did not answer twice alike; not compared. */
    atomic_ulong moved;
    /* A native call saw the library's own descriptor under a closed number. */
    atomic_ulong seen;
    /* A raw step was noticed late, within the bound. */
    atomic_ulong healed;
    atomic_ulong heal_ms;
    atomic_ulong differences;
};

extern struct tally *tally;

/* A new one in memory that can be inherited; *fd is its descriptor. */
struct tally *tally_create(int *fd);

/* That of the starting process, by the descriptor it left open; or our own. */
void tally_open(int fd);

#endif
