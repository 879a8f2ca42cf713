/* SPDX-License-Identifier: MIT */
/*
 * The calls that are compared: the eight symbols on one side, the kernel's own
 * ppoll and pselect6 on the other.
 */
#ifndef DIFF_CALL_H
#define DIFF_CALL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "timeout.h"

/* SYMBOL(identifier, symbol's name) */
#define SYMBOL_TABLE(SYMBOL)                                                   \
    SYMBOL(poll, "poll")                                                       \
    SYMBOL(poll_alias, "__poll")                                               \
    SYMBOL(ppoll, "ppoll")                                                     \
    SYMBOL(poll_chk, "__poll_chk")                                             \
    SYMBOL(ppoll_chk, "__ppoll_chk")                                           \
    SYMBOL(select, "select")                                                   \
    SYMBOL(select_alias, "__select")                                           \
    SYMBOL(pselect, "pselect")

enum symbol {
#define SYMBOL(id, name) SYMBOL_##id,
    SYMBOL_TABLE(SYMBOL)
#undef SYMBOL
    SYMBOL_COUNT
};

const char *symbol_name(enum symbol symbol);
bool symbol_is_select(enum symbol symbol);
/* Whether it takes a signal mask. */
bool symbol_is_masked(enum symbol symbol);

struct call {
    enum symbol symbol;
    int timeout;
    /* See signals_mask(); a signal may be made pending before. */
    int mask;
    int pending;
    /* nfds as poll() or as select() has it. */
    nfds_t n;
    int nfds;
    /* What the third argument of the _chk symbols promises. */
    size_t promised;
    /* For select(): which bitmap of the memory each set is, or -1 for NULL. */
    int set[3];
};

/* What came back, beside the caller's memory. */
struct answer {
    int ret;
    int error;
    /* errno was left as it was, or is meant to be set. */
    bool errno_kept;
    /* The handler ran; the signal that was pending still is. */
    bool handled;
    bool pending;
    /* The timeout argument as it was given and as it was left. */
    struct timespec before, after;
    /* Milliseconds around the call. */
    double start, end;
};

/* The timeout as the kernel is to see it; false if it is endless. */
bool call_timeout(const struct call *c, struct timespec *ts);

/* Whether the kernel refuses the timeout. */
bool call_timeout_invalid(const struct call *c);

/* By the library, as a program does. */
struct answer call_library(const struct call *c, void *memory);

/*
 * By the kernel, on memory with the same layout. It waits only if told to:
 * else a valid timeout is taken as 0.
 */
struct answer call_kernel(const struct call *c, void *memory);

#endif
