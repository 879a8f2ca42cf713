/* SPDX-License-Identifier: MIT */
/*
 * Drives many connections at once, from one thread, on epoll.
 */
#ifndef DEMO_LOOP_H
#define DEMO_LOOP_H

#include "conn.h"

struct loop {
    uint16_t port;
    int epoll_fd;
    uint64_t pause; /* ns between a reply and the next request; 0 at start */
    unsigned busy;  /* connections with a request on its way */

    /* Resting connections; all rest equally long, so the first is due first. */
    struct conn *first;
    struct conn **end;
};

/* Called for each right reply; names the connection that asks next, or NULL
 * for none. */
typedef struct conn *loop_next_fn(void *state, struct conn *answered);

/* False, after a message, without an epoll descriptor. */
bool loop_start(struct loop *loop, uint16_t port);

/* Asks on each of the `count` first connections, then on those that `next`
 * names, until every reply is in. False, after a message, at the first reply
 * that is wrong, missing for ten seconds, or not asked for. */
bool loop_run(struct loop *loop, struct conn *first, unsigned count,
              loop_next_fn *next, void *state);

#endif
