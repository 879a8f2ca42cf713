/* SPDX-License-Identifier: MIT */
/*
 * The steady way: the very question of the last call, on a set that has
 * nothing to settle and no residuals, and an answer at hand. A comparison,
 * a look, an answer. Whatever else is the matter, the long way finds out: it
 * starts anew, and nothing is done here that it would not do itself.
 *
 * The cost model hears of these calls from the next one that goes the long
 * way, as one in EPS_STEADY_CALLS does.
 */
#ifndef EPS_STEADY_H
#define EPS_STEADY_H

#include "epset.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/select.h>

/* True if `*ret` and all that the call writes is answered. Keeps errno. */
bool eps_steady_poll(struct pollfd *array, nfds_t count, int timeout_ms,
                     int *ret);
bool eps_steady_select(int nfds, const struct eps_bitmaps *caller,
                       struct timeval *timeout, int *ret);

#endif
