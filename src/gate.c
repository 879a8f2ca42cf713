/* SPDX-License-Identifier: MIT */
/*
 * The gate before every call. Owns nothing; works on the thread's own block.
 * May run in a handler: that is one of the things it finds out.
 */
#include "gate.h"

#include "process.h"

#include <pthread.h>
#include <stddef.h>

static struct eps_thread *refuse(struct eps_thread *self,
                                 enum eps_counter reason)
{
    eps_count_call(self, reason);
    return NULL;
}

struct eps_thread *eps_gate_open(void)
{
    struct eps_thread *self;

    /* Native acts on a pending cancellation even when something is ready. */
    pthread_testcancel();
    /* The second may be the first to see that this is a fork's child. */
    if (!eps_process_may_answer() || !eps_process_is_ours() ||
        atomic_load_explicit(&eps_process.guest, memory_order_relaxed))
        return refuse(eps_thread_self(), EPS_C_native_barred);
    self = eps_thread_self();
    if (!self)
        return refuse(self, EPS_C_native_barred);
    if (self->rest) {
        self->rest--;
        return refuse(self, EPS_C_native_failed);
    }
    return eps_thread_enter(self) ? self : refuse(self, EPS_C_native_nested);
}

enum eps_outcome eps_gate_close(struct eps_thread *self,
                                enum eps_outcome outcome)
{
    if (outcome == EPS_ANSWERED)
        eps_count(self, EPS_C_answered);
    eps_beat(self);
    eps_quiet_end(&self->quiet);
    if (outcome == EPS_NATIVE && self->quiet.disturbed &&
        !eps_process_is_sandboxed())
        outcome = EPS_DISTURBED;
    eps_thread_leave(self);
    return outcome;
}

enum eps_outcome eps_gate_leave_native(struct eps_thread *self,
                                       enum eps_counter reason)
{
    eps_count_native(self, reason);
    return EPS_NATIVE;
}
