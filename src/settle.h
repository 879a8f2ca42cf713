/* SPDX-License-Identifier: MIT */
/*
 * Settling: what the caller wants of each dirty number, against what the
 * kernel was told.
 */
#ifndef EPS_SETTLE_H
#define EPS_SETTLE_H

#include "epset.h"

/* Settles every dirty number. -errno: the set is of no more use. */
int eps_settle_all(struct eps_set *set, struct eps_thread *self);

/* Notes what the kernel holds of a number, and counts it. */
void eps_settle_state(struct eps_set *set, struct eps_reg *reg,
                      enum eps_reg_state state);

#endif
