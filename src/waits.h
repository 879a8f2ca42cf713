/* SPDX-License-Identifier: MIT */
/*
 * The waits of a set: the pollfds of a native look at what epoll does not
 * answer for. Owns their array. The set's thread only.
 */
#ifndef EPS_WAITS_H
#define EPS_WAITS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct eps_waits {
    struct pollfd *list;
    uint32_t capacity;
};

/* Puts one at `*count`, and counts it; false if there is no memory. */
bool eps_waits_push(struct eps_waits *waits, uint32_t *count,
                    struct pollfd wait);

/*
 * A look at so many that does not wait; how many are ready, or -errno: EINTR
 * if none is and a handler has run.
 */
int eps_waits_ask(const struct eps_waits *waits, uint32_t count);

void eps_waits_clear(struct eps_waits *waits);

#endif
