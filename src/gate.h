/* SPDX-License-Identifier: MIT */
/*
 * The gate before every call of the poll and select family: may this call,
 * of this thread, now, be answered from an epoll set?
 */
#ifndef EPS_GATE_H
#define EPS_GATE_H

#include "epset.h"
#include "thread.h"

#include <stdbool.h>

/* How a call through the gate ended. */
enum eps_outcome {
    EPS_NATIVE,   /* make the native call with the caller's own arguments */
    EPS_ANSWERED, /* the answer is complete */
};

/*
 * Opens the gate: NULL means native, and the reason is counted. Otherwise
 * the thread has entered a call and must leave it by eps_gate_close().
 */
struct eps_thread *eps_gate_open(void);

/* Counts how the call ended, and leaves it. */
enum eps_outcome eps_gate_close(struct eps_thread *self,
                                enum eps_outcome outcome);

/* The calls that go native without asking anything else. */
static inline enum eps_outcome eps_gate_refuse(enum eps_counter reason)
{
    eps_count(eps_thread_self(), reason);
    return EPS_NATIVE;
}

/* A set could not be made or kept: rest a while before the next attempt. */
void eps_gate_failed(struct eps_thread *self, struct eps_set *set);

/* All of the thread's sets are given up. */
void eps_gate_drop_all(struct eps_thread *self);

/* Native for this once; the set stays as it is. */
enum eps_outcome eps_gate_leave_native(struct eps_thread *self,
                                       enum eps_counter reason);

/* A set for a call that has none at hand: a free place, or the oldest's. */
struct eps_set *eps_gate_new_set(struct eps_thread *self, enum eps_call call);

/* The set in this place becomes the one used last. */
struct eps_set *eps_gate_use(struct eps_thread *self, int place);

#endif
