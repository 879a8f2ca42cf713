/* SPDX-License-Identifier: MIT */
/*
 * poll()'s native side: looks at residual entries, and waits on them and the
 * epoll descriptor. Counts of descriptors, or -errno.
 */
#ifndef EPS_POLLWAIT_H
#define EPS_POLLWAIT_H

#include "pollcall.h"

/*
 * Gathers into the set's waits: the epoll descriptor first, then each entry
 * that names a residual number. Returns how many, 0 for no memory.
 */
uint32_t eps_pollwait_gather(struct eps_set *set);

/*
 * Tells what the native look found, in the order it was gathered, of the
 * bits in `filter`. Entries told already keep their answer.
 */
int eps_pollwait_tell(struct eps_pollcall *call, struct eps_set *set,
                      unsigned filter);

/*
 * Sleeps if nothing was `found` in the epoll set; otherwise looks at the
 * residuals only. May be EPS_TURN_AGAIN or EPS_TURN_NATIVE.
 */
int eps_pollwait_sleep(struct eps_pollcall *call, struct eps_set *set,
                       struct eps_thread *self, int found);

#endif
