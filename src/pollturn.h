/* SPDX-License-Identifier: MIT */
/*
 * The turns of a poll() or ppoll(), until there is an answer.
 */
#ifndef EPS_POLLTURN_H
#define EPS_POLLTURN_H

#include "pollcall.h"

/* EPS_ANSWERED: ret and error are set, and the caller's array is written. */
enum eps_outcome eps_pollturn_answer(struct eps_pollcall *call,
                                     struct eps_set *set,
                                     struct eps_thread *self);

#endif
