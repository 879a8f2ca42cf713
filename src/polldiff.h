/* SPDX-License-Identifier: MIT */
/*
 * The comparison of a pollfd array with its copy in the view: in stretches,
 * blocks and windows, so that what has not changed costs a memcmp. Pure but
 * for the view's memory.
 */
#ifndef EPS_POLLDIFF_H
#define EPS_POLLDIFF_H

#include "pollview.h"

/*
 * Takes over the caller's array: what changed since last time is relinked
 * and marked dirty. Afterwards every position whose revents may be other
 * than 0 is on the ready list. The registry covers all numbers, or false is
 * returned, and the view has to be cleared.
 */
bool eps_polldiff_update(struct eps_pollview *view,
                         struct eps_registry *registry,
                         const struct pollfd *array, uint32_t count);

/*
 * The caller clears revents itself: that is how the array is expected, before
 * it is compared. Where it has not done so after all, that is a difference.
 */
static inline void eps_polldiff_expect(struct eps_pollview *view)
{
    if (!view->clears)
        return;
    for (uint32_t i = 0; i < view->ready_count; i++)
        view->copy[view->ready[i]].revents = 0;
    view->ready_count = 0;
}

/* True if nothing in the array has changed since the last update. */
bool eps_polldiff_is_same(struct eps_pollview *view, const struct pollfd *array,
                          uint32_t count);

#endif
