/* SPDX-License-Identifier: MIT */
/*
 * All signals held back for a moment: a handler may leave a call by
 * siglongjmp, and what was opened but not noted yet would stay open for ever;
 * what was half given up would be used again. For the rare moments in which
 * the library opens or closes descriptors; two system calls.
 */
#ifndef EPS_SIGNALS_H
#define EPS_SIGNALS_H

#include "sys.h"

#include <signal.h>
#include <stdint.h>

/* No mask: two signals can't be held back. */
#define EPS_SIGNALS_NOT_HELD UINT64_MAX

/*
 * What the thread itself sets off stays open: the kernel ends a process that
 * blocks such a signal, though its handler would have made it good.
 */
#define EPS_SIGNALS_OWN                                                        \
    (UINT64_C(1) << (SIGILL - 1) | UINT64_C(1) << (SIGTRAP - 1) |              \
     UINT64_C(1) << (SIGBUS - 1) | UINT64_C(1) << (SIGFPE - 1) |               \
     UINT64_C(1) << (SIGSEGV - 1) | UINT64_C(1) << (SIGSYS - 1))

/* Answers the mask to be restored; none, if the kernel refuses. */
static inline uint64_t eps_signals_hold(void)
{
    uint64_t all = ~EPS_SIGNALS_OWN, before = 0;

    if (EPS_SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all)))
        return EPS_SIGNALS_NOT_HELD;
    return before;
}

static inline void eps_signals_let_go(uint64_t before)
{
    if (before != EPS_SIGNALS_NOT_HELD)
        EPS_SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL,
                 sizeof(before));
}
#endif
