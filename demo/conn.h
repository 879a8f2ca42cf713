/* SPDX-License-Identifier: MIT */
/*
 * One connection to the server: opened at its first request, and again when
 * the server has closed it as it announced.
 */
#ifndef DEMO_CONN_H
#define DEMO_CONN_H

#include "protocol.h"

#include <stdint.h>

enum conn_state {
    CONN_CLOSED,
    CONN_SENDING,
    CONN_READING,
    CONN_QUIET, /* open, nothing asked */
};

struct conn {
    const struct protocol *protocol;
    int fd;
    enum conn_state state;
    size_t sent;
    size_t got;
    char *reply;
    uint64_t asked; /* when the request began, connecting included */

    /* The loop's: a queue of those that rest before they ask again. */
    struct conn *next;
    uint64_t due;
};

enum conn_step {
    STEP_WAIT,   /* for the descriptor's next event */
    STEP_DONE,   /* a right reply is complete */
    STEP_FAILED, /* told on stderr */
};

/* Monotonic time in nanoseconds. */
uint64_t conn_clock(void);

/* False, after a message, when there is no memory. */
bool conn_start(struct conn *conn, const struct protocol *protocol);

/* Begins a request on a closed or quiet connection, to 127.0.0.1 and `port`;
 * a new descriptor enters `epoll_fd`, edge-triggered. The reply is left to
 * conn_advance(): a client that looks for it at once can be so quick that a
 * server is kept busy by one connection and the others wait. False, after a
 * message, when it fails. */
bool conn_ask(struct conn *conn, uint16_t port, int epoll_fd);

/* Goes on as far as the descriptor allows, after an event. */
enum conn_step conn_advance(struct conn *conn);

#endif
