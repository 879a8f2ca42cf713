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

    struct eps_policy_state learned; /* what a native look costs */
    struct eps_policy_state policy;
    uint32_t passes;
};

/* The thread's memo of that site, or NULL: no room, or it is in use. */
struct ept_memo *ept_memo_enter(enum ept_call call, uint64_t address);
void ept_memo_leave(void);

/* True for the thread's first calls, and later for one in so many. */
bool ept_memo_is_timed(void);

/* Room for so many bytes in `last`, what is there kept. */
bool ept_memo_hold(struct ept_memo *memo, size_t bytes);

#endif
