/* SPDX-License-Identifier: MIT */
/*
 * Quiet. Owns nothing. The handlers run at its end, under the mask that was
 * before and not in a ppoll() with that mask: they may look at what they have
 * interrupted (uc_sigmask).
 *
 * Kernel notes:
 * (a) A signal that is ignored is not kept, unless it is blocked: then it is
 *     pending like any other. So it is asked what will become of it.
 * (b) One that is the whole process's is taken by another thread then, if there
 *     is one that doesn't block it. Natively the first thread is preferred, and
 *     its call ends; here it sleeps on, as it would had the handler run in it.
 *     One that is not taken yet as the quiet ends is pending for both, and which
 *     of them gets it can't be known: the call ends, now and then in vain.
 * (c) What the call's own mask blocks stays pending until the call is over, and
 *     does not end it. Here the handler runs, as if it had before the call.
 */
#include "quiet.h"

#include "process.h"
#include "signals.h"

#include <stdatomic.h>
#include <string.h>

/* libc keeps those below SIGRTMIN to itself, and no program waits for them. */
static bool is_libcs(int signal)
{
    return signal >= 32 && signal < SIGRTMIN;
}

/* The kernel's own, of which this is asked alone. */
struct disposition {
#ifdef __mips__
    unsigned flags;
#endif
    void (*handler)(int);
    long rest[8];
};

static bool has_handler(int signal)
{
    struct disposition now = {.handler = SIG_DFL};

    return !is_libcs(signal) &&
           EPS_SYS4(SYS_rt_sigaction, signal, NULL, &now, sizeof(uint64_t)) ==
               0 &&
           now.handler != SIG_DFL && now.handler != SIG_IGN;
}

/*
 * What the call blocks: note (c). The kernel is asked whether its mask can be
 * read, by having it added to all that is held back. Where it can't, the wait
 * will tell.
 */
static uint64_t blocked_by_call(const void *mask)
{
    uint64_t blocked = 0;

    if (mask &&
        !EPS_SYS4(SYS_rt_sigprocmask, SIG_BLOCK, mask, NULL, sizeof(blocked)))
        memcpy(&blocked, mask, sizeof(blocked));
    return blocked;
}

/* Whether a signal is there whose handler will run, and ends the call. */
static bool has_come(const struct eps_quiet *quiet)
{
    uint64_t pending = 0;

    if (eps_process_is_sandboxed() ||
        EPS_SYS2(SYS_rt_sigpending, &pending, sizeof(pending)) < 0)
        return false;
    pending &= ~quiet->before;
    if (pending)
        pending &= ~blocked_by_call(quiet->mask);
    for (int signal = 1; pending; signal++, pending >>= 1)
        if ((pending & 1) && has_handler(signal)) /* note (a) */
            return true;
    return false;
}

void eps_quiet_begin(struct eps_quiet *quiet)
{
    if (quiet->on)
        return;
    quiet->before = eps_signals_hold();
    quiet->on = quiet->before != EPS_SIGNALS_NOT_HELD;
}

/*
 * A handler may leave the call for good: it is over before they run. One may
 * fork, and come back in a child whose blocks are wiped: so what is known of
 * the call is noted after them.
 */
void eps_quiet_end_slow(struct eps_quiet *quiet)
{
    bool come = has_come(quiet);

    quiet->on = false;
    atomic_signal_fence(memory_order_seq_cst);
    eps_signals_let_go(quiet->before);
    quiet->disturbed |= come;
}
