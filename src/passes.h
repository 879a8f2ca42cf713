/* SPDX-License-Identifier: MIT */
/*
 * Passes: leave for a thread's next few calls on an array to be passed on
 * unseen. They will be native for the same reason as the last one, as long as
 * the array does not grow by much. Pure. A program may have several small
 * loops: an array has one of two places, so that no two arrays are in each
 * other's way.
 */
#ifndef EPS_PASSES_H
#define EPS_PASSES_H

#include "counters.h"

#include <stdint.h>
#include <sys/select.h>

struct eps_pass {
    const void *array; /* or the first bitmap */
    uint64_t most;     /* entries, or bits */
    uint32_t left;     /* calls */
    enum eps_counter reason;
};

#define EPS_PASSES 4
struct eps_passes {
    struct eps_pass at[EPS_PASSES];
};

static inline uint32_t eps_passes_place(const void *array)
{
    uint32_t address = (uint32_t)((uintptr_t)array / sizeof(fd_set));

    return address * UINT32_C(0x9e3779b1) >> 30;
}
_Static_assert(EPS_PASSES == 4, "two bits of the product");

/* The array's pass, if it has one; or else another's. */
static inline struct eps_pass *eps_passes_find(struct eps_passes *passes,
                                               const void *array)
{
    uint32_t place = eps_passes_place(array);

    if (passes->at[place].array != array)
        place ^= 1;
    return &passes->at[place];
}

/* Its next `left` calls on so many entries or bits, or an eighth more. */
static inline void eps_passes_give(struct eps_passes *passes, const void *array,
                                   uint64_t length, uint32_t left,
                                   enum eps_counter reason)
{
    struct eps_pass *first = &passes->at[eps_passes_place(array)];
    struct eps_pass *pass = eps_passes_find(passes, array);

    if (pass->array != array && !first->left)
        pass = first;
    *pass = (struct eps_pass){.array = array,
                              .most = length + length / 8,
                              .left = left,
                              .reason = reason};
}

#endif
