/* SPDX-License-Identifier: MIT */
/*
 * Verify mode (EPOLLSHIM_VERIFY): each answer is held against a native look
 * at the caller's own set. What differs is looked at again, native on both
 * sides of our own look, since state moves between two looks; what stays
 * different is reported.
 */
#ifndef EPS_VERIFY_H
#define EPS_VERIFY_H

#include "pollcall.h"
#include "selcall.h"

#include <stdbool.h>

/* Answers the same question again, at once, into another array. */
typedef void eps_again_poll(const struct eps_pollcall *call,
                            struct eps_set *set, struct eps_thread *self,
                            struct pollfd *array);

/* Likewise for bitmaps; false if there was no answer. */
typedef bool eps_again_select(const struct eps_selcall *call,
                              struct eps_set *set, struct eps_thread *self,
                              const struct eps_bitmaps *sets);

/* The call's answer is complete. Keeps it as it is. */
void eps_verify_poll(const struct eps_pollcall *call, struct eps_set *set,
                     struct eps_thread *self, eps_again_poll *again);
void eps_verify_select(const struct eps_selcall *call, struct eps_set *set,
                       struct eps_thread *self, eps_again_select *again);

/* The last line: how much was compared, and how much differed. */
void eps_verify_conclude(void);

#endif
