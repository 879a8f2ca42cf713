/* SPDX-License-Identifier: MIT */
/*
 * The four ways in which a worker asks and waits; the array is its own from
 * call to call, as a server's is.
 */
#ifndef SOAK_WAITER_H
#define SOAK_WAITER_H

#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
    NUMBERS_MAX = 16384 /* descriptors that select() can be asked about */
};

enum waiter_kind {
    WAITER_POLL,
    WAITER_PPOLL,
    WAITER_SELECT,
    WAITER_PSELECT,
    WAITER_KINDS
};

struct waiter {
    enum waiter_kind kind;
    unsigned long in[NUMBERS_MAX / 64], out[NUMBERS_MAX / 64];
};

/* What all calls together have seen. */
extern _Atomic uint64_t waiter_calls;
extern _Atomic int64_t waiter_worst_us; /* past the end of a timeout */

/*
 * Asks for `events` of the entries and writes what is ready to `revents`,
 * like poll(); timeout in ms, -1 for ever. -1 with EINTR where interrupted.
 */
int waiter_wait(struct waiter *waiter, struct pollfd *fds, nfds_t count,
                int timeout);

#endif
