/* SPDX-License-Identifier: MIT */
/*
 * The way of a select() or pselect(): gate, view, set, wait, answer.
 */
#ifndef EPS_SELCALL_H
#define EPS_SELCALL_H

#include "deadline.h"
#include "epset.h"
#include "gate.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/select.h>
#include <time.h>

struct eps_selcall {
    /* What the caller asks. */
    int nfds;
    struct eps_bitmaps sets;
    bool precise;            /* pselect: `timespec` and `mask` */
    struct timeval *timeval; /* select: what is left is written back */
    const struct timespec *timespec;
    const sigset_t *mask;

    /* What it gets: select's return value, and errno if that is -1. */
    int ret;
    int error;

    /* On the way. */
    uint32_t count; /* descriptors in any of the sets */
    bool same;      /* ... and they are those of the last call */
    struct eps_site *site;
    uint32_t epoch; /* the process it began in: see eps_turn_is_elsewhere() */
    int64_t begun;  /* when the native call began, if it is to be timed */
    struct eps_deadline deadline;
    int overtaken;        /* turns: see eps_turn_tell() */
    struct timespec rest; /* of pselect's timeout, for the native call */
    bool blind;           /* nothing was looked at before the wait */
    bool slept;           /* it has waited: a number closed by now is told */
    uint32_t ends;        /* what the thread had ended as it began to */
    bool rested;          /* ... and for longer than a look takes */
    bool expired;         /* the native wait ended by its timeout */
    bool unseen;          /* gone native because the memory is new to us */
};

/* EPS_ANSWERED: ret and error are set, sets and timeval are written. */
enum eps_outcome eps_selcall_run(struct eps_selcall *call);

/*
 * The native call has returned `ret`: the cost model learns from it, and a
 * success proves that the caller's memory is there.
 */
void eps_selcall_was_native(const struct eps_selcall *call, int ret);

#endif
