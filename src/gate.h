/* SPDX-License-Identifier: MIT */
/*
 * The gate before every call of the poll and select family: may this call,
 * of this thread, now, be answered from an epoll set?
 */
#ifndef EPS_GATE_H
#define EPS_GATE_H

#include "process.h"
#include "thread.h"

#include <stdbool.h>

/* How a call through the gate ended. */
enum eps_outcome {
    EPS_NATIVE,    /* make the native call with the caller's own arguments */
    EPS_DISTURBED, /* the same, but it is not to wait: see quiet.h */
    EPS_ANSWERED,  /* the answer is complete */
};

/*
 * Opens the gate: NULL means native, and the reason is counted. Otherwise
 * the thread has entered a call and must leave it by eps_gate_close().
 */
struct eps_thread *eps_gate_open(void);

/* Counts how the call ended, and leaves it; native may become disturbed. */
enum eps_outcome eps_gate_close(struct eps_thread *self,
                                enum eps_outcome outcome);

/* The calls that go native without asking anything else. */
static EPS_PROBED enum eps_outcome eps_gate_refuse(enum eps_counter reason)
{
    if (eps_process_is_copy()) /* its parent's counts are not its own */
        eps_process_is_ours();
    eps_count_call(eps_thread_self(), reason);
    return EPS_NATIVE;
}

/* Native for this once; the set stays as it is. */
enum eps_outcome eps_gate_leave_native(struct eps_thread *self,
                                       enum eps_counter reason);

#endif
