/* SPDX-License-Identifier: MIT */
/* The ops on fd_sets, three to a bag, and the call on one. */
#ifndef DIFF_BAG_H
#define DIFF_BAG_H

#include <stdint.h>

struct world;

/* Flags of a call. */
enum {
    SELECT_CLEAN = 1, /* closed numbers are first taken out */
    SELECT_KEEP = 2,  /* what the last call left is given as it is */
    SELECT_MOVE = 4,  /* the sets are at a new address */
    SELECT_FLAGS = 8
};

/* Which set is which: all their own, shared, or not there. */
enum {
    LAYOUT_OWN = 0,
    LAYOUT_RW = 1, /* one bitmap for reading and writing, and so on */
    LAYOUT_RX = 2,
    LAYOUT_WX = 3,
    LAYOUT_ALL = 4,
    LAYOUT_NULL = 8 /* plus 1 no r, 2 no w, 4 no x */
};

/* Values of NFDS; else N more than needed, or, from -10, fewer. */
enum {
    NFDS_NEGATIVE = -1,
    NFDS_LEAST = -2,
    NFDS_ZERO = -3,
    NFDS_MOST = -4,
    NFDS_FEWER = -10
};

/* Each takes the arguments of the op of that name. */
void do_on(struct world *w, const int32_t *arg);
void do_off(struct world *w, const int32_t *arg);
void do_bit(struct world *w, const int32_t *arg);
void do_thin(struct world *w, const int32_t *arg);
void do_select(struct world *w, const int32_t *arg);

#endif
