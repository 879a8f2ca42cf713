/* SPDX-License-Identifier: MIT */
/*
 * The way of a poll() or ppoll(): gate, view, set, wait, answer.
 */
#ifndef EPS_POLLCALL_H
#define EPS_POLLCALL_H

#include "deadline.h"
#include "epset.h"
#include "gate.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

struct eps_pollcall {
    /* What the caller asks. */
    struct pollfd *array;
    nfds_t count;
    bool precise; /* ppoll: `timeout` and `mask`; else poll: `timeout_ms` */
    int timeout_ms;
    const struct timespec *timeout;
    const sigset_t *mask;

    /* What it gets: poll's return value, and errno if that is -1. */
    int ret;
    int error;

    /* On the way. */
    struct eps_site *site;
    uint32_t epoch; /* the process it began in: see eps_turn_is_elsewhere() */
    int64_t begun;  /* when the native call began, if it is to be timed */
    struct eps_deadline deadline;
    int overtaken;        /* turns: see eps_turn_tell() */
    struct timespec rest; /* of the timeout, for the native call */
    bool blind;           /* nothing was looked at before the wait */
    bool slept;           /* it has waited: numbers may have ended meanwhile */
    bool rested;          /* ... and for longer than a look takes */
    bool expired;         /* the native wait ended by its timeout */
};

/* EPS_ANSWERED: ret and error are set, and the caller's array is written. */
enum eps_outcome eps_pollcall_run(struct eps_pollcall *call);

/* The native call has returned `ret`: the cost model learns from it. */
void eps_pollcall_was_native(const struct eps_pollcall *call, int ret);

#endif
