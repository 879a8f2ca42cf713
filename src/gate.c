/* SPDX-License-Identifier: MIT */
/*
 * The gate before every call. Owns nothing; works on the thread's own block.
 * May run in a handler: that is one of the things it finds out.
 */
#include "gate.h"

#include "process.h"
#include "setlife.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define REST_CALLS 1000 /* native calls after a failure */

static struct eps_thread *refuse(struct eps_thread *self,
                                 enum eps_counter reason)
{
    eps_count(self, reason);
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
    if (!self || self->private_table)
        return refuse(self, EPS_C_native_barred);
    if (self->rest) {
        self->rest--;
        return refuse(self, EPS_C_native_failed);
    }
    return eps_thread_enter(self) ? self
                                  : refuse(self, EPS_C_native_nested);
}

enum eps_outcome eps_gate_close(struct eps_thread *self,
                                enum eps_outcome outcome)
{
    if (outcome == EPS_ANSWERED)
        eps_count(self, EPS_C_answered);
    eps_thread_leave(self);
    return outcome;
}

static void drop(struct eps_thread *self, int place)
{
    eps_set_release(self->sets[place]);
    self->sets[place] = NULL;
    eps_count(self, EPS_C_sets_dropped);
}

void eps_gate_drop_all(struct eps_thread *self)
{
    for (int place = 0; place < EPS_THREAD_SETS; place++)
        if (self->sets[place])
            drop(self, place);
}

void eps_gate_failed(struct eps_thread *self, struct eps_set *set)
{
    for (int place = 0; place < EPS_THREAD_SETS; place++)
        if (set && self->sets[place] == set)
            drop(self, place);
    self->rest = REST_CALLS;
    eps_count(self, EPS_C_native_failed);
}

enum eps_outcome eps_gate_leave_native(struct eps_thread *self,
                                       enum eps_counter reason)
{
    eps_count(self, reason);
    return EPS_NATIVE;
}

struct eps_set *eps_gate_use(struct eps_thread *self, int place)
{
    struct eps_set *set = self->sets[place];

    memmove(self->sets + 1, self->sets, (size_t)place * sizeof(set));
    self->sets[0] = set;
    return set;
}

struct eps_set *eps_gate_new_set(struct eps_thread *self, enum eps_call call)
{
    int place = 0;

    while (place < EPS_THREAD_SETS - 1 && self->sets[place])
        place++;
    if (self->sets[place])
        drop(self, place);
    self->sets[place] = eps_set_acquire(call);
    if (!self->sets[place]) {
        eps_gate_failed(self, NULL);
        return NULL;
    }
    eps_count(self, EPS_C_sets_built);
    return eps_gate_use(self, place);
}
