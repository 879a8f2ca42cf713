/* SPDX-License-Identifier: MIT */
/*
 * The functions next in line (RTLD_NEXT), so that other preload libraries
 * keep working on either side. Found once, at start-up or by the first hook
 * that runs before it; immutable from then on.
 */
#ifndef EPS_NEXT_H
#define EPS_NEXT_H

#include "prototypes.h"

struct eps_next {
#define EPS_ROW(ret, name, params) ret(*name) params;
#include "symbols.def"
#undef EPS_ROW
};

extern struct eps_next eps_next;

/* Fills the table; harmless when done twice. */
void eps_next_find(void);

/* The function next in line, for a hook that may run before start-up. */
#define EPS_NEXT(name) EPS_NEXT_AT(&eps_next.name)
#define EPS_NEXT_AT(place)                                                     \
    (__builtin_expect(!*(place), 0) ? (eps_next_find(), *(place)) : *(place))

#endif
