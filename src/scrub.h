/* SPDX-License-Identifier: MIT */
/*
 * The scrub: finds registrations whose descriptor was closed, or closed and
 * reused, where no hook could see it (an inline system call), and heals
 * them. It costs at most about 1 % of the thread's time; as long as nothing was
 * found, no more than one pass in a second where what is ready ends the waits.
 */
#ifndef EPS_SCRUB_H
#define EPS_SCRUB_H

#include "epset.h"

#include <stdbool.h>
#include <stdint.h>

/* Every so many calls of a thread that does not sleep, one look. */
#define EPS_SCRUB_CALLS 64

/* One look, at the next registration. True: something has to be prepared. */
bool eps_scrub_step(struct eps_set *set, struct eps_thread *self);

/*
 * Before a wait that begins at `now`: as many looks as the time since the
 * last ones allows. True: something was found; prepare the set again.
 */
bool eps_scrub_before_sleep(struct eps_set *set, struct eps_thread *self,
                            int64_t now);

/* Whether a wait that began at `now` would have looks made before it. */
bool eps_scrub_is_due(struct eps_set *set, int64_t now);

/*
 * How long to sleep at once, of the `left` that the caller allows: waits are
 * cut into slices until every registration was looked at, and for ever
 * while other threads may close what this one waits on.
 */
int64_t eps_scrub_slice(const struct eps_set *set, int64_t left);

#endif
