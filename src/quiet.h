/* SPDX-License-Identifier: MIT */
/*
 * Quiet: signals held back while a call works, before its wait and between two
 * of them. Natively the kernel works then, and a signal that comes meanwhile
 * ends the call with EINTR, unless something is ready; a handler that simply
 * ran here would leave the call to sleep on, maybe for ever. What is left is
 * the moment between the end of the quiet and the wait: a program has such a
 * one natively, before its call.
 */
#ifndef EPS_QUIET_H
#define EPS_QUIET_H

#include <stdbool.h>
#include <stdint.h>

struct eps_quiet {
    const void *mask; /* the call's own, or NULL */
    uint64_t before;  /* the mask to be restored */
    bool on;
    bool disturbed; /* a handler has run at its end: the call is not to wait */
};

/*
 * Three system calls, so for work that takes longer. No function of libc may be
 * called meanwhile that is a cancellation point.
 */
void eps_quiet_begin(struct eps_quiet *quiet);
void eps_quiet_end_slow(struct eps_quiet *quiet);

static inline void eps_quiet_end(struct eps_quiet *quiet)
{
    if (quiet->on)
        eps_quiet_end_slow(quiet);
}

#endif
