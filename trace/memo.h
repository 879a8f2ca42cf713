/* SPDX-License-Identifier: MIT */
/*
 * What a thread remembers of a call site: its last question, and the cost
 * model as the library would run it. And where its sums are.
 */
#ifndef EPT_MEMO_H
#define EPT_MEMO_H

#include "policy.h"
#include "trace_format.h"

#include <stdbool.h>
#include <stddef.h>

struct ept_memo {
    struct ept_site *site;
    uint64_t address;
    enum ept_call call;
    uint32_t used; /* when it was, by count */

    const void *bits[3]; /* select's bitmaps that are known to be memory */
    int nfds;            /* ... for so many numbers */

    void *last; /* the array, or the bitmaps one after the other */
    size_t room;
    uint32_t count; /* entries, or numbers */

    const void *timeout; /* the last call's, which the kernel has read */
    bool slept;          /* the last of those that were tried */
    int64_t look_ns;     /* what its look took; 0: none was made */
    int64_t look_model;  /* ... and would take by the model */

    struct eps_policy_state learned; /* what a native look costs */
    struct eps_policy_state policy;
    uint32_t passes;
};

/* The thread's memo of that site, or NULL: no room, or it is in use. */
struct ept_memo *ept_memo_enter(enum ept_call call, uint64_t address);
void ept_memo_leave(void);

/* What a sleep takes here, as the command has measured it. */
int64_t ept_memo_sleep_ns(void);

/*
 * What is done with the thread's next call: it is tried with a look, or timed.
 * Each is the number of calls it stands for: 2 at first, later many. 0: no.
 */
struct ept_turn {
    uint32_t tried;
    uint32_t timed;
};
struct ept_turn ept_memo_turn(void);

/* Room for so many bytes in `last`, what is there kept. */
bool ept_memo_hold(struct ept_memo *memo, size_t bytes);

#endif
