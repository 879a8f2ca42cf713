/* SPDX-License-Identifier: MIT */
/*
 * The turns of a select() or pselect(), until there is an answer.
 */
#ifndef EPS_SELTURN_H
#define EPS_SELTURN_H

#include "selcall.h"

/* EPS_ANSWERED: ret and error are set, sets and timeval are written. */
enum eps_outcome eps_selturn_answer(struct eps_selcall *call,
                                    struct eps_set *set,
                                    struct eps_thread *self);

#endif
