/* SPDX-License-Identifier: MIT */
/*
 * A loop's way to watch n slots: a pollfd array, fd_sets, or an epoll set
 * kept by hand. A shape asks for the same changes of all three; each makes
 * them in the cheapest way that it has.
 */
#ifndef BENCH_WAITER_H
#define BENCH_WAITER_H

#include "calls.h"

#include <stdbool.h>
#include <stddef.h>

#define TENTHS 10

struct waiter {
    const struct waiter_ops *ops;
    const struct calls *calls;
    unsigned count; /* slots */
    int *fds;       /* one per slot */
    size_t bytes;   /* what each call is handed to be looked at */
};

/* An operation that is NULL has no meaning for this way. */
struct waiter_ops {
    /* Changes what is wanted of a slot; POLLIN to begin with. */
    void (*want)(struct waiter *waiter, unsigned slot, short events);

    /* The slot's descriptor was closed, and `fd` has taken its place. */
    void (*replace)(struct waiter *waiter, unsigned slot, int fd);

    /* The slot leaves, and comes back. */
    void (*leave)(struct waiter *waiter, unsigned slot);
    void (*come_back)(struct waiter *waiter, unsigned slot);

    /* Every tenth slot from number `first` on is left out, and those left
     * out until now are back. `first` may be past the end: none. */
    void (*leave_out)(struct waiter *waiter, unsigned first);

    /* The same, but those that stay move together. */
    void (*compact)(struct waiter *waiter, unsigned first);

    /* The caller clears the answers itself. */
    void (*clear)(struct waiter *waiter);

    /* What is watched moves to an address not used lately. */
    void (*move)(struct waiter *waiter);

    /* Waits. Returns what the call does. */
    int (*wait)(struct waiter *waiter, int timeout);

    /* Finds the `ready` slots in what the last call answered, as a program
     * has to. Returns how many it found. */
    unsigned (*walk)(struct waiter *waiter, int ready);

    /* The last answer: adds what is ready to answers[slot]. */
    void (*tell)(struct waiter *waiter, int ready, short *answers);
};

/* `fds` belongs to the waiter from now on. */
struct waiter *waiter_poll(const struct calls *calls, int *fds, unsigned count);
struct waiter *waiter_select(const struct calls *calls, int *fds,
                             unsigned count);
struct waiter *waiter_epoll(const struct calls *calls, int *fds,
                            unsigned count);

#endif
